import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import type { RestorePlan } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import { makeRestorePlan } from '../restore/restore-plan.ts';
import { ask } from './ask.ts';
import { findBackup } from './find.ts';
import { refuseWhenHeld } from './held.ts';
import type { Room } from './room.ts';

export interface RestoreWish {
  readonly backup: string;
  readonly reason?: string | undefined;
  /** The workspace's name, repeated by the person. */
  readonly confirm?: string | undefined;
}

/** What a restore would do to the workspace as it stands now. Counting takes long; the digest needs none of it. */
export async function planRestore(room: Room, backup: Backup, { count = true } = {}): Promise<RestorePlan> {
  refuseUnrestorable(backup);
  await refuseWhenHeld(room, backup, { kinds: ['delete'] });
  const settings = room.settingsOf(backup.workspace);
  const { platform } = room.world.portsFor(settings);
  const inspection = await platform.inspect(count ? { count, since: backup.takenAt } : {});
  return makeRestorePlan(backup, inspection, room.world.clock.now());
}

/** Asks for a restore: nothing happens until another person approves. */
export async function requestRestore(room: Room, person: Person, wish: RestoreWish): Promise<Request> {
  const backup = await findBackup(room, wish.backup);
  const settings = room.settingsOf(backup.workspace);
  room.requireOperator(person, settings);
  if (wish.confirm !== backup.workspace) {
    throw new UserError('not-confirmed', `A restore overwrites ${backup.workspace}; its name was not repeated.`, {
      hint: `Type the name when asked, or add: --confirm ${backup.workspace}`,
    });
  }
  const plan = await planRestore(room, backup);
  return ask(room, person, settings, { kind: 'restore', plan }, wish.reason);
}

function refuseUnrestorable(backup: Backup): void {
  if (backup.status === 'completed') return;
  throw new UserError('backup-incomplete', `${backup.id} is ${backup.status}, so it cannot be restored.`, {
    hint: `See the others: cml list ${backup.workspace}`,
  });
}
