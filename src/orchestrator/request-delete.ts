import { copiesOf, makeDeletePlan } from '../backup/delete-plan.ts';
import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import type { DeletePlan } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import { ask } from './ask.ts';
import { findBackup } from './find.ts';
import { refuseWhenHeld } from './held.ts';
import type { Room } from './room.ts';

export interface DeleteWish {
  readonly backup: string;
  readonly reason?: string | undefined;
  /** The workspace's name, repeated by the person. */
  readonly confirm?: string | undefined;
}

/** What a deletion would remove, as the catalog stands now. @throws UserError `backup-held`. */
export async function planDelete(room: Room, backup: Backup, exceptRequest?: string): Promise<DeletePlan> {
  await refuseWhenHeld(room, backup, { kinds: ['restore', 'delete'], except: exceptRequest });
  const { backups } = room.world.catalog;
  const { workspace } = backup;
  const sharing = await backups.list({
    workspace,
    status: ['completed', 'incomplete', 'deleting'],
    copies: copiesOf(backup),
  });
  const newest = await backups.list({ workspace, status: 'completed', limit: 2 });
  return makeDeletePlan(backup, [...sharing, ...newest]);
}

/** Asks for a deletion: nothing happens until another person approves. */
export async function requestDelete(room: Room, person: Person, wish: DeleteWish): Promise<Request> {
  const backup = await findBackup(room, wish.backup);
  const settings = room.settingsOf(backup.workspace);
  room.requireOperator(person, settings);
  const plan = await planDelete(room, backup);
  if (wish.confirm !== backup.workspace) {
    throw new UserError('not-confirmed', `Deleting ${backup.id} of ${backup.workspace} cannot be undone.`, {
      hint: `Type the name of the workspace when asked, or add: --confirm ${backup.workspace}`,
    });
  }
  return ask(room, person, settings, { kind: 'delete', plan }, wish.reason);
}
