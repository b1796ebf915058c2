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
  await refuseUndeletable(room, backup);
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

/**
 * Before anybody is asked: what the control plane keeps of it only that can delete, and its own page's backups are not ours.
 * @throws UserError `not-allowed`, `bad-input`.
 */
async function refuseUndeletable(room: Room, backup: Backup): Promise<void> {
  if (!backup.parts.some(({ kept }) => kept)) return;
  const settings = room.settingsOf(backup.workspace);
  if (backup.trigger === 'vendor' && !settings.policy.deleteVendorBackups) {
    throw new UserError(
      'not-allowed',
      `${backup.id} was made in the control plane's own page, so it is not deleted here.`,
      {
        hint: 'Delete it there, or allow it with policy.deleteVendorBackups: true.',
      },
    );
  }
  const { vendor } = room.world.portsFor(settings).platform;
  const why = vendor ? await vendor.whyNotDelete() : 'No control plane is configured that could delete its part.';
  if (why === undefined) return;
  throw new UserError('bad-input', `${backup.id} cannot be deleted: ${why}`, {
    hint: "Delete it in the control plane's own page; its external folders go with the next: cml catalog check",
  });
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
