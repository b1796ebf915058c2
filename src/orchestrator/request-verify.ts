import { writeMoment } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import { findBackup } from './find.ts';
import type { Room } from './room.ts';

/** Starts a verification now: the backup is brought back into a scratch place, services are not touched. */
export async function requestVerify(
  room: Room,
  person: Person,
  wanted: string,
  reason?: string,
): Promise<RunningOperation> {
  const backup = await findBackup(room, wanted);
  room.requireOperator(person, room.settingsOf(backup.workspace));
  if (backup.status !== 'completed') {
    throw new UserError('backup-incomplete', `${backup.id} is ${backup.status}, so it cannot be verified.`, {
      hint: `See the others: cml list ${backup.workspace}`,
    });
  }
  return launchVerify(room, person, backup, reason);
}

/**
 * The same for the newest completed backup of a workspace that was not verified, or not for so long as `verify.again` says.
 * @throws UserError `nothing-to-do` when the newest one is known to be whole.
 */
export async function verifyNewest(
  room: Room,
  person: Person,
  workspace: string,
  reason?: string,
): Promise<RunningOperation> {
  const { policy } = room.settingsOf(workspace);
  room.requireOperator(person, room.settingsOf(workspace));
  const backup = await findBackup(room, workspace);
  const { verified } = backup;
  const ageMs = verified ? room.world.clock.now().getTime() - Date.parse(verified.at) : undefined;
  if (verified && ageMs !== undefined && ageMs < (policy.verify.again ?? Number.POSITIVE_INFINITY)) {
    const when = writeMoment(verified.at);
    throw new UserError('nothing-to-do', `The newest backup of ${workspace}, ${backup.id}, was verified at ${when}.`, {
      hint: `Verify it again: cml verify ${backup.id}`,
    });
  }
  return launchVerify(room, person, backup, reason);
}

async function launchVerify(room: Room, person: Person, backup: Backup, reason?: string): Promise<RunningOperation> {
  const { world } = room;
  const at = world.clock.now().toISOString();
  const id = world.newId('op');
  const because = reason === undefined ? {} : { reason };
  const running = await room.launch({
    schema: 1,
    id,
    kind: 'verify',
    workspace: backup.workspace,
    by: person,
    trigger: person.proof === 'schedule' ? 'schedule' : 'person',
    ...because,
    input: { backupId: backup.id },
    settings: room.settingsOf(backup.workspace),
    startedAt: at,
    status: 'running',
    journal: [],
  });
  const audited = { at, by: person, did: 'verify asked', workspace: backup.workspace, subject: id, ...because };
  await world.catalog.audit.append(audited);
  return running;
}
