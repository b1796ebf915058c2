import { OperationError, PortError } from '../../errors.ts';
import type { EffectOptions, RunningNote, Started } from '../platform.ts';
import { dropBallast } from './ballast.ts';
import type { LocalContext } from './context.ts';
import { clearNote } from './note.ts';
import { pauseAfter } from './pause-after.ts';
import { endQuiet } from './quiet.ts';
import type { Service } from './service.ts';
import { notedServices } from './stop-services.ts';
import { assertDataIsKnown, markSwapServed } from './swap-state.ts';
import { assertGuardIsIdle } from './taken-over.ts';

/** A supervised service without a probe counts as ready when it has lived this long; a wrong command ends within it. */
const SETTLE_MS = 200;

/**
 * Starts what the note names, the last declared first. One that fails does not keep the others down: all are tried, then
 * the failures are told together and the note stands.
 */
export async function startServices(
  context: LocalContext,
  note: RunningNote,
  options: EffectOptions,
): Promise<Started> {
  await dropBallast(context);
  await context.lock.hold(async () => {
    await assertGuardIsIdle(context);
    await assertDataIsKnown(context);
    await endQuiet(context);
  });
  const { services, missing } = notedServices(context, note);
  const failures: unknown[] = missing ? [missing] : [];
  services.reverse();
  for (const service of services) {
    const wasReady = note.services.some(({ name, ready }) => name === service.name && ready);
    try {
      await service.start(note.operationId, options);
      await awaitUp(context, service, wasReady, options);
    } catch (cause) {
      if (!(cause instanceof OperationError || cause instanceof PortError)) throw cause;
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw together(failures);
  const readyAt = context.clock.now().toISOString();
  // Not part of the downtime: they serve meanwhile.
  const staysUpMs = Math.max(0, ...services.map((service) => service.staysUpMs));
  if (staysUpMs > 0) await context.clock.sleep(staysUpMs, options.signal);
  for (const service of services) {
    if (!(await service.isRunning())) throw willNotStart(service, 'ended right after it was ready');
  }
  await context.lock.hold(async () => {
    await assertGuardIsIdle(context);
    await markSwapServed(context);
    await clearNote(context, note.operationId);
  });
  return { readyAt, services: services.map(({ name }) => name) };
}

async function awaitUp(
  context: LocalContext,
  service: Service,
  wasReady: boolean,
  { signal }: EffectOptions,
): Promise<void> {
  const { clock } = context;
  const beganAt = performance.now();
  if (!service.hasProbe && service.endsForGood) await clock.sleep(SETTLE_MS, signal);
  for (;;) {
    if (wasReady ? await service.isReady() : await service.isRunning()) return;
    const waitedMs = performance.now() - beganAt;
    // A supervised service that ended will not come back by itself; one that others run may just be on its way.
    if (service.endsForGood && !(await service.isRunning())) throw willNotStart(service, 'ended right after its start');
    if (waitedMs > service.startWithinMs) throw willNotStart(service, await whyNotReady(service));
    await clock.sleep(pauseAfter(waitedMs), signal);
  }
}

async function whyNotReady(service: Service): Promise<string> {
  const stranger = await service.stranger();
  if (!stranger) return 'did not become ready in time';
  return `did not become ready in time: process ${stranger.pid} (${stranger.program}) answers at ${stranger.address} in its place`;
}

function willNotStart(service: Service, what: string): OperationError {
  return new OperationError('service-will-not-start', `the service ${service.name} ${what}`, {
    hint: `its output is in ${service.output}`,
  });
}

function together(failures: readonly unknown[]): unknown {
  const [first, ...others] = failures;
  if (others.length === 0 || !(first instanceof Error)) return first;
  const sentences = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  return new OperationError('service-will-not-start', sentences.join('; '), {
    cause: first,
    hint: 'look at the output of each service in the folder of the workspace',
  });
}
