import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { EffectOptions, Quiet, RunningNote } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { configuredParts } from './parts.ts';
import { beginQuiet, endQuiet, readQuiet } from './quiet.ts';
import type { Service } from './service.ts';
import { readServiceRecord } from './service-record.ts';
import { servicesOf } from './services.ts';
import { markSwapUnserved } from './swap-state.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';

/** Stops what the note names, in declared order, and begins a quiet time. Called again in the same one, answers it. */
export async function stopServices(context: LocalContext, note: RunningNote, options: EffectOptions): Promise<Quiet> {
  const { services, missing } = notedServices(context, note);
  if (missing) throw missing;
  const ran = await anyRuns(services);
  // Where nothing runs there is nothing that the guard brought up: putting back may be tried again after it gave up.
  const assertMayStop = () => (ran ? assertNotTakenOver(context, note.operationId) : assertGuardIsIdle(context));
  const standing = await context.lock.hold(async () => {
    await assertMayStop();
    await markSwapUnserved(context, note.operationId);
    return readQuiet(context);
  });
  if (standing?.operationId === note.operationId && !ran) return standing;
  await context.lock.hold(() => endQuiet(context));
  // Downtime and its budget count from the first service told to stop, not from the last one gone.
  const stoppedAt = context.clock.now().toISOString();
  for (const service of services) {
    options.signal?.throwIfAborted();
    await service.stop(note.operationId, options);
  }
  return context.lock.hold(async () => {
    await assertMayStop();
    const quiet = {
      operationId: note.operationId,
      token: randomUUID(),
      stoppedAt,
      ...(await killedIn(context, services)),
    };
    await beginQuiet(context, quiet);
    return quiet;
  });
}

/** Which parts a program writes is not known here: one that had to be killed may have had something to write to any. */
async function killedIn(context: LocalContext, services: readonly Service[]): Promise<Pick<Quiet, 'killed'>> {
  const said: string[] = [];
  for (const { name } of services) {
    if ((await readServiceRecord(context, name)).wasKilled)
      said.push(`the service ${name} did not end within its grace and was killed`);
  }
  if (said.length === 0) return {};
  return { killed: Object.fromEntries(configuredParts(context.settings).map((part) => [part.name, said])) };
}

/** The noted services in declared order, and the error that says which of them is not configured any more. */
export function notedServices(
  context: LocalContext,
  note: RunningNote,
): { services: Service[]; missing?: OperationError } {
  const all = servicesOf(context);
  const services = all.filter(({ name }) => note.services.some((noted) => noted.name === name));
  const gone = note.services.find(({ name }) => !all.some((service) => service.name === name));
  if (!gone) return { services };
  const missing = new OperationError(
    'plan-changed',
    `the service ${gone.name} ran before and is not configured any more`,
    {
      hint: 'put it back into cml.yaml, then run `cml start`',
    },
  );
  return { services, missing };
}

async function anyRuns(services: readonly Service[]): Promise<boolean> {
  for (const service of services) if (await service.isRunning()) return true;
  return false;
}
