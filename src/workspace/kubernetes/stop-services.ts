import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { EffectOptions, Quiet, RunningNote } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { awaitDetached } from './detached.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart } from './found.ts';
import { holdStill } from './hold-still.ts';
import { keepVolumes } from './keep-volumes.ts';
import { blameParts, type KilledByPart, readKilled, writeKilled } from './killed.ts';
import { isNoted, type Ledger, type LedgerEntry, listObjects, readLedger, writeLedger } from './ledger.ts';
import { entriesNow, notedByAnother } from './note.ts';
import { beginQuiet, endQuiet, readQuiet } from './quiet.ts';
import { askedFor } from './running.ts';
import { markUnserved } from './served.ts';
import { stopTogether } from './stop-together.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';
import { awaitUnmounted } from './unmounted.ts';
import { type SettleOptions, settleWorkloads } from './workloads-at-stop.ts';

/**
 * Stops what the note names, wave by wave, and waits until pods are gone and volumes have left their nodes; then begins a
 * quiet time. Called again in the same one, answers it.
 */
export async function stopServices(context: KubeContext, note: RunningNote, options: SettleOptions): Promise<Quiet> {
  const { operationId } = note;
  const ledger = await ledgerOf(context, note);
  const { runs, isGoingOn } = await stateOfServices(context, ledger);
  // Where nothing runs there is nothing that the guard brought up: putting back may be tried again after it gave up.
  const assertMayStop = () =>
    runs ? assertNotTakenOver(context, operationId) : assertGuardIsIdle(context, operationId);
  await assertMayStop();
  await markUnserved(context, operationId);
  const standing = await readQuiet(context, operationId);
  if (standing && !runs) return standing;
  await endQuiet(context);
  const { parts } = await findParts(context);
  await keepVolumes(context, parts);
  await settleWorkloads(context, operationId, options);
  await holdStill(
    context,
    operationId,
    ledger.entries.flatMap(({ held = [] }) => held),
  );
  // Who was killed by an earlier try to stop has flushed nothing either; an earlier quiet time is no matter any more.
  const before = isGoingOn ? await readKilled(context, operationId) : {};
  if (!isGoingOn) await writeKilled(context, operationId, before);
  // Downtime and its budget count from the first service told to stop, not from the last one gone.
  const stoppedAt = context.clock.now().toISOString();
  const killed = await stopInWaves(context, ledger, parts, { options, assertMayStop, before });
  await awaitDetached(context, parts, options);
  await assertMayStop();
  const quiet = { operationId, token: randomUUID(), stoppedAt, ...killedIn(killed) };
  await beginQuiet(context, quiet);
  return quiet;
}

interface Stopping {
  readonly options: EffectOptions;
  readonly assertMayStop: () => Promise<void>;
  readonly before: KilledByPart;
}

async function stopInWaves(
  context: KubeContext,
  { entries, operationId }: Ledger,
  parts: readonly FoundPart[],
  { options, assertMayStop, before }: Stopping,
): Promise<KilledByPart> {
  let killed = before;
  for (const wave of wavesIn(entries)) {
    options.signal?.throwIfAborted();
    await assertMayStop();
    for (const entry of wave) await awaitUnmounted(context, entry, parts, options);
    const ofWave = await stopTogether(context, wave, options);
    if (ofWave.length === 0) continue;
    killed = blameParts(killed, ofWave, parts);
    await writeKilled(context, operationId, killed);
  }
  return killed;
}

function killedIn(killed: KilledByPart): Pick<Quiet, 'killed'> {
  const parts = Object.entries(killed).map(([part, whose]) => [part, [...whose]]);
  return parts.length === 0 ? {} : { killed: Object.fromEntries(parts) };
}

/** Entries that stop together, the first wave first. */
export function wavesIn(entries: readonly LedgerEntry[]): LedgerEntry[][] {
  const waves = new Map<number, LedgerEntry[]>();
  for (const entry of entries) waves.set(entry.wave, [...(waves.get(entry.wave) ?? []), entry]);
  return [...waves].sort(([one], [other]) => one - other).map(([, wave]) => wave);
}

/** Services that were started again since are noted again, as what they are now: an operation may stop twice. */
async function ledgerOf(context: KubeContext, note: RunningNote): Promise<Ledger> {
  const standing = await readLedger(context);
  if (standing && standing.operationId !== note.operationId) throw notedByAnother(standing);
  const missing = note.services.filter(({ name }) => !standing?.entries.some(({ service }) => service === name));
  if (standing && missing.length === 0) return standing;
  const anew = await entriesNow(context, note.operationId, note.notedAt);
  const added = anew.filter(({ service }) => missing.some(({ name }) => name === service));
  const gone = missing.find(({ name }) => !anew.some(({ service }) => service === name));
  if (gone)
    throw new OperationError('plan-changed', `the service ${gone.name} ran before and does not run any more`, {
      hint: 'somebody else changes the workspace; look at it, then run `cml start`',
    });
  const entries = [...(standing?.entries ?? []), ...added].sort((one, other) => one.wave - other.wave);
  const ledger = { operationId: note.operationId, notedAt: note.notedAt, entries };
  await writeLedger(context, ledger);
  return ledger;
}

/** Whether any of them runs, and whether any was stopped already. */
export async function stateOfServices(
  context: KubeContext,
  { entries }: Ledger,
): Promise<{ readonly runs: boolean; readonly isGoingOn: boolean }> {
  const noted = (await listObjects(context)).filter(({ kind, object }) =>
    entries.some((entry) => kind === entry.kind && object.metadata?.name === entry.object),
  );
  return {
    runs: noted.some(({ kind, object }) => askedFor(kind, object) > 0),
    isGoingOn: noted.some(({ object }) => isNoted(object)),
  };
}
