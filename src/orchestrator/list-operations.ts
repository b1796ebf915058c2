import type { OperationView } from '../records/operation.ts';
import { viewOf } from './look.ts';
import type { Room } from './room.ts';

export interface ListFilter {
  readonly workspace?: string | undefined;
  readonly limit?: number | undefined;
}

/** Running and ended operations, newest first. */
export async function listOperations(room: Room, { workspace, limit }: ListFilter): Promise<OperationView[]> {
  if (workspace !== undefined) room.settingsOf(workspace);
  const found = await room.world.catalog.operations.list({
    ...(workspace === undefined ? {} : { workspace }),
    ...(limit === undefined ? {} : { limit }),
  });
  return found.map((operation) => viewOf(room, operation));
}
