import { OperationError } from '../../errors.ts';
import { type RunningNote, runningNote } from '../platform.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { type CdpSight, stateFiles } from './context.ts';
import { lookAtWorkspace, servicesOf } from './look.ts';

/** What ran. Kept here alone: the control plane has no place for notes of others. */
export async function noteRunning(context: CdpSight, operationId: string): Promise<RunningNote> {
  const standing = await readNote(context);
  if (standing?.operationId === operationId) return standing;
  if (standing) throw notedByAnother(standing);
  const services = await servicesOf(context, await lookAtWorkspace(context));
  const note = {
    operationId,
    notedAt: context.clock.now().toISOString(),
    services: services.filter(({ running }) => running).map(({ name, ready }) => ({ name, ready })),
  };
  await writeState(stateFiles.note(context.folder), note);
  return note;
}

export async function readNote({ folder }: CdpSight): Promise<RunningNote | undefined> {
  return readState(stateFiles.note(folder), runningNote);
}

export async function clearNote(context: CdpSight, operationId: string): Promise<void> {
  if ((await readNote(context))?.operationId === operationId) await removeState(stateFiles.note(context.folder));
}

function notedByAnother({ operationId }: RunningNote): OperationError {
  return new OperationError(
    'plan-changed',
    `operation ${operationId} had services stopped and has not seen them come up again`,
    { hint: 'bring them back with `cml start`, then try again' },
  );
}
