import { UserError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Person } from '../records/person.ts';
import { findBackup } from './find.ts';
import type { Room } from './room.ts';

/** Starts a verification now: the backup is brought back into a scratch place, services are not touched. */
export async function requestVerify(room: Room, person: Person, wanted: string): Promise<RunningOperation> {
  const { world } = room;
  const backup = await findBackup(room, wanted);
  const settings = room.settingsOf(backup.workspace);
  room.requireOperator(person, settings);
  if (backup.status !== 'completed') {
    throw new UserError('backup-incomplete', `${backup.id} is ${backup.status}, so it cannot be verified.`, {
      hint: `See the others: cml list ${backup.workspace}`,
    });
  }
  const at = world.clock.now().toISOString();
  const id = world.newId('op');
  const running = await room.launch({
    schema: 1,
    id,
    kind: 'verify',
    workspace: backup.workspace,
    by: person,
    trigger: 'person',
    input: { backupId: backup.id },
    settings,
    startedAt: at,
    status: 'running',
    journal: [],
  });
  await world.catalog.audit.append({ at, by: person, did: 'verify asked', workspace: backup.workspace, subject: id });
  return running;
}
