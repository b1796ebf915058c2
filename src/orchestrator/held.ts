import { isExpired } from '../approval/rules.ts';
import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import { isRestore } from '../records/operation.ts';
import type { Request } from '../records/request.ts';
import { restoreInput } from './inputs.ts';
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
export async function refuseWhenHeld(room: Room, backup: Backup, { kinds, except }: Hold): Promise<void> {
  const { world } = room;
  const now = world.clock.now();
  // Of every workspace: a backup may be restored into another one.
  const asked = await world.catalog.requests.list({ backupId: backup.id, status: ['pending', 'approved'] });
  const open = asked.find(
    (request) => request.id !== except && kinds.includes(request.kind) && !isExpired(request, now),
  );
  refuseWhileRead(room, backup, kinds);
  if (!open) return;
  throw new UserError('backup-held', `${backup.id} is held by ${open.id}: ${open.by.name} asks to ${open.kind} it.`, {
    hint: `Decide on that first: cml status ${open.id}`,
  });
}

/** A restore into another workspace keeps nobody out of this one, but it reads this backup. */
function refuseWhileRead(room: Room, backup: Backup, kinds: Hold['kinds']): void {
  if (!kinds.includes('restore')) return;
  const reads = room.running().find((running) => {
    const { kind, workspace, input } = running.operation();
    if (workspace === backup.workspace || !isRestore(kind)) return false;
    return restoreInput.safeParse(input).data?.plan.backupId === backup.id;
  });
  if (!reads) return;
  const { id, workspace } = reads.operation();
  throw new UserError('backup-held', `${backup.id} is being restored into ${workspace} by ${id}.`, {
    hint: `Follow it with: cml status ${id}`,
  });
}
