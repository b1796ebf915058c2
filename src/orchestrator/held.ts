import { isExpired } from '../approval/rules.ts';
import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { Request } from '../records/request.ts';
import type { Room } from './room.ts';

interface Hold {
  /** Requests of these kinds hold the backup. */
  readonly kinds: readonly Request['kind'][];
  /** The request that is looked at itself. */
  readonly except?: string | undefined;
}

/**
 * What somebody asked for and nobody has decided, or what waits for its turn, holds its backup.
 * @throws UserError `backup-held` naming the request.
 */
export async function refuseWhenHeld({ world }: Room, backup: Backup, { kinds, except }: Hold): Promise<void> {
  const now = world.clock.now();
  const asked = await world.catalog.requests.list({ backupId: backup.id, status: ['pending', 'approved'] });
  const open = asked.find(
    (request) => request.id !== except && kinds.includes(request.kind) && !isExpired(request, now),
  );
  if (!open) return;
  throw new UserError('backup-held', `${backup.id} is held by ${open.id}: ${open.by.name} asks to ${open.kind} it.`, {
    hint: `Decide on that first: cml status ${open.id}`,
  });
}
