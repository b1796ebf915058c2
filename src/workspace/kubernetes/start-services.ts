import { AppError, explain, OperationError, PortError } from '../../errors.ts';
import type { EffectOptions, RunningNote, Started } from '../platform.ts';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { letGoOfVolumes } from './end-programs.ts';
import { giveBackHeld } from './hold-still.ts';
import { giveBackReclaim } from './keep-volumes.ts';
import { assertKnownClaims } from './known-data.ts';
import { forgetLedger, isNoted, type Ledger, type LedgerEntry, listObjects, readLedger } from './ledger.ts';
import { runMigrations } from './migrations.ts';
import { notedByAnother } from './note.ts';
import { endQuiet } from './quiet.ts';
import { markServed } from './served.ts';
import { startService } from './start-service.ts';
import { wavesIn } from './stop-services.ts';
import { assertKnownData } from './swap-state.ts';
import { assertGuardIsIdle } from './taken-over.ts';

/**
 * Starts what the note names, the last wave first, each ready before the next. One that fails does not keep the others down:
 * all are tried, then the failures are told together and the note stands.
 */
export async function startServices(context: KubeContext, note: RunningNote, options: EffectOptions): Promise<Started> {
  const { operationId } = note;
  await assertGuardIsIdle(context, operationId);
  const ledger = await readLedger(context);
  const services = note.services.map(({ name }) => name);
  // All were up once, and the note went with the last of them.
  if (ledger === undefined) return { readyAt: context.clock.now().toISOString(), services };
  if (ledger.operationId !== operationId) throw notedByAnother(ledger);
  await assertKnownData(context);
  await assertKnownClaims(context, ledger);
  await endQuiet(context);
  await letGoOfVolumes(context, operationId);
  const failures = await startInWaves(context, ledger, options);
  if (failures.length > 0) throw together(failures);
  const readyAt = context.clock.now().toISOString();
  await assertNobodyStoppedAgain(context);
  await assertGuardIsIdle(context, operationId);
  await markServed(context);
  await giveBackReclaimIfPossible(context);
  await forgetLedger(context, operationId);
  return { readyAt, services: ledger.entries.map(({ service }) => service) };
}

async function startInWaves(context: KubeContext, ledger: Ledger, options: EffectOptions): Promise<unknown[]> {
  const failures: unknown[] = [];
  try {
    for (const wave of wavesIn(ledger.entries).reverse()) {
      options.signal?.throwIfAborted();
      const ends = await Promise.allSettled(wave.map((entry) => startService(context, entry, options)));
      failures.push(...ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : [])));
      // Its clients come in the next waves.
      if (wave.some(isDatabase) && failures.length === 0) await runMigrations(context, ledger.operationId, options);
    }
  } finally {
    // Whatever failed: an autoscaler that is held helps nobody from here on.
    await giveBackHeld(
      context,
      ledger.entries.flatMap(({ held = [] }) => held),
    );
  }
  const bug = failures.find((failure) => !(failure instanceof AppError) && !(failure instanceof ClusterRefusal));
  if (bug !== undefined) throw bug;
  return failures;
}

function isDatabase({ kind, object }: LedgerEntry): boolean {
  return kind === 'StatefulSet' && object === 'db';
}

/** An operation that the guard overtook may just have sent one more stop. */
async function assertNobodyStoppedAgain(context: KubeContext): Promise<void> {
  const noted = (await listObjects(context)).find(({ object }) => isNoted(object));
  if (!noted) return;
  throw new PortError(
    'platform-unavailable',
    `the service ${noted.object.metadata?.name} was stopped again while services were started`,
    { retryable: true },
  );
}

/** Services are up, and that is what counts: a volume that stays is given back after the next operation. */
async function giveBackReclaimIfPossible(context: KubeContext): Promise<void> {
  try {
    await giveBackReclaim(context);
  } catch (cause) {
    if (!(cause instanceof ClusterRefusal) && !(cause instanceof PortError)) throw cause;
    context.log.warn({ why: explain(cause) }, 'volumes keep the reclaim policy Retain for now');
  }
}

function together(failures: readonly unknown[]): unknown {
  const [first, ...others] = failures;
  if (others.length === 0 || !(first instanceof Error)) return first;
  const sentences = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  return new OperationError('service-will-not-start', sentences.join('; '), {
    cause: first,
    hint: 'look at the pods of each of these services',
  });
}
