import { OperationError } from '../../errors.ts';
import { type RunningNote, runningNote } from '../platform.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { changeServiceRecord, readServiceRecord } from './service-record.ts';
import { servicesOf } from './services.ts';

/** What ran. The file comes first and goes last: while it stands it is the whole truth, the services only repeat it. */
export async function noteRunning(context: LocalContext, operationId: string): Promise<RunningNote> {
  return context.lock.hold(async () => {
    const standing = await readNote(context);
    if (standing && standing.operationId !== operationId) throw notedByAnother(standing);
    const note = standing ?? (await lookAtServices(context, operationId));
    if (!standing) await writeState(stateFiles.note(context.folder), note);
    for (const { name, ready } of note.services) {
      const stoppedBy = { operationId, notedAt: note.notedAt, ready };
      await changeServiceRecord(context, name, (record) => ({ ...record, stoppedBy }));
    }
    return note;
  });
}

async function lookAtServices(context: LocalContext, operationId: string): Promise<RunningNote> {
  const services: { name: string; ready: boolean }[] = [];
  for (const service of servicesOf(context)) {
    if (await service.isRunning()) services.push({ name: service.name, ready: await service.isReady() });
  }
  return { operationId, notedAt: context.clock.now().toISOString(), services };
}

function notedByAnother(standing: RunningNote): OperationError {
  return new OperationError(
    'plan-changed',
    `operation ${standing.operationId} stopped services and has not started them again`,
    { hint: 'bring them back with `cml start`, then try again' },
  );
}

export async function readNote(context: LocalContext): Promise<RunningNote | undefined> {
  return (await readState(stateFiles.note(context.folder), runningNote)) ?? noteOnServices(context);
}

/** The note put together from the services themselves, when its own file is lost. */
async function noteOnServices(context: LocalContext): Promise<RunningNote | undefined> {
  let note: RunningNote | undefined;
  for (const { name } of context.settings.services) {
    const { stoppedBy } = await readServiceRecord(context, name);
    if (!stoppedBy) continue;
    note ??= { operationId: stoppedBy.operationId, notedAt: stoppedBy.notedAt, services: [] };
    if (note.operationId === stoppedBy.operationId) note.services.push({ name, ready: stoppedBy.ready });
  }
  return note;
}

/** Call while holding the lock, once everything is up again. */
export async function clearNote(context: LocalContext, operationId: string): Promise<void> {
  for (const { name } of context.settings.services) {
    await changeServiceRecord(context, name, ({ stoppedBy, ...record }) =>
      stoppedBy === undefined || stoppedBy.operationId === operationId ? record : { ...record, stoppedBy },
    );
  }
  const standing = await readState(stateFiles.note(context.folder), runningNote);
  if (standing?.operationId === operationId) await removeState(stateFiles.note(context.folder));
}
