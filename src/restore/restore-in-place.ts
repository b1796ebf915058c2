import type { z } from 'zod';
import { OperationError } from '../errors.ts';
import type { DataMover } from '../mover/mover.ts';
import { announceStop, countDown } from '../operation/countdown.ts';
import { armBeforeStop, guardTime } from '../operation/guard-time.ts';
import type { StepContext, Story } from '../operation/operation.ts';
import { writeDuration } from '../records/time.ts';
import type { DefinitionFile, Quiet, Started, WorkspacePlatform } from '../workspace/platform.ts';
import type { InPlaceOutcome, inPlaceStory, SafetyCopy } from './in-place-steps.ts';
import { checkRestore, claimApproval, fetchDefinition, writeInPlace } from './prepare-restore.ts';
import { countdownTo } from './restore-countdown.ts';
import type { RestoreInput, RestorePorts } from './restore-workspace.ts';

type Json = z.infer<ReturnType<typeof z.json>>;
type Context = Pick<StepContext, 'signal' | 'progress' | 'now' | 'sleep'>;

/** Makes a backup of what stands there before it is written over; handed in by who knows how backups are made. */
export interface SafetyBackup {
  /** Of the repository that holds the safety copy. */
  readonly mover: DataMover;
  /** What will be copied and how; refuses when it cannot be. */
  plan(context: Context): Promise<Json>;
  /** Captures the present definition where the backup's manifest will lie. */
  captureDefinition(): Promise<DefinitionFile>;
  preCopy(plan: Json, context: Context): Promise<Json>;
  /** While quiet: one copy of every part under its own path. */
  copy(plan: Json, quiet: Quiet, warm: Json, context: Context): Promise<SafetyCopy>;
  /** With services up again: into the repository's manifests and the catalog; answers the backup's id. */
  record(plan: Json, definition: DefinitionFile, copy: SafetyCopy, started: Started, context: Context): Promise<string>;
  /** Removes what was made on the way. `keepsCopies`: they are all there is of what stood before, recorded or not. */
  release(options: { readonly keepsCopies: boolean }): Promise<void>;
}

/**
 * THE STORY of a restore where there is no room beside the live data. A safety copy of everything is made while services
 * are down, then the live parts themselves are written over. While they are, their state is unknown and nothing starts on
 * them. When anything fails, the safety copy is written back first; if that fails too, nothing is started and a human is
 * paged. Afterwards the safety copy is a backup like any other.
 */
export async function restoreInPlace(
  { step, ensure, operation, folder }: Story<typeof inPlaceStory>,
  ports: RestorePorts & { readonly safety: SafetyBackup },
  input: RestoreInput,
): Promise<InPlaceOutcome> {
  const { platform, mover, catalog, chat, safety } = ports;
  const { id, settings } = operation;
  const { plan, requestId } = input;
  const parts = plan.parts.map(({ name }) => name);
  const world = (signal: AbortSignal) => ({ platform, mover, folder, signal });
  let copied: SafetyCopy | undefined;
  let keepsCopies = false;
  try {
    await step('claim approval', ({ now }) => claimApproval({ catalog, chat }, requestId, id, now()));
    const made = await step('preflight', async (context) => {
      await checkRestore(plan, id, world(context.signal));
      return safety.plan(context);
    });
    const stored = plan.definition;
    const definition =
      stored &&
      (await step('fetch definition', ({ signal }) =>
        fetchDefinition({ definition: stored, releaseThen: plan.releaseThen }, world(signal)),
      ));
    const countdown = countdownTo(input, operation, { platform, chat });
    await step('announce', (context) => announceStop(context, countdown));
    const warm = await step('safety pre-copy', (context) => safety.preCopy(made, context));
    await step('countdown', (context) => countDown(context, countdown));
    const running = await step('note running', () => platform.noteRunning(id, { toRestore: true }));
    const present = await step('capture present definition', () => safety.captureDefinition());
    let started: Started | undefined;
    let stoppedAt: string | undefined;
    let filled = { files: 0, bytes: 0 };
    try {
      const { downtimeBudget, guardMargin } = settings.policy;
      const patience = { guardMargin, downtimeBudget: Math.max(downtimeBudget, PATIENCE * plan.forecast.downtimeMs) };
      const until = (from: string) => endOfPatience(from, patience.downtimeBudget);
      await step('arm guard', ({ now }) => armBeforeStop(platform, { note: running, policy: settings.policy, now }));
      const quiet = await step('stop', ({ signal }) => platform.stop(running, { signal }));
      stoppedAt = quiet.stoppedAt;
      copied = await step(
        'safety copy',
        (context) => safety.copy(made, quiet, warm, context),
        endOfPatience(stoppedAt, downtimeBudget),
      );
      keepsCopies = true; // from here on they may be all there is
      const live = await step('begin in place', async ({ now }) => {
        await platform.armGuard(running, guardTime(now(), patience));
        return platform.beginInPlace(id, parts, quiet);
      });
      filled = await step(
        'write in place',
        ({ signal, progress }) => writeInPlace(plan.parts, live, world(signal), progress, 'write'),
        until(stoppedAt),
      );
      if (definition)
        await step('apply definition', () => platform.applyDefinition(definition.path, { fromBackup: true }));
      await step('end in place', () => platform.endInPlace(id, 'restored'));
      started = await step('start restored', ({ signal }) => platform.start(running, { signal }));
    } catch (error) {
      const before = copied;
      const stands = await ensure('put back in place', async ({ signal, progress }) => {
        const found = await whatStands(platform, id);
        if (found !== 'written') return found;
        const copyId = before?.copyId;
        if (copyId === undefined) throw new OperationError('unknown-data', 'What stood there before was not kept.');
        const live = await platform.beginInPlace(id, parts, await platform.stop(running));
        const previous = plan.parts.map(({ name, path }) => ({ name, copyId, pathInCopy: path }));
        await writeInPlace(previous, live, { mover: safety.mover, folder, signal }, progress, 'put-back');
        await platform.applyDefinition(present.path);
        await platform.endInPlace(id, 'previous');
        return 'previous';
      });
      if (stands === 'previous') keepsCopies = false;
      started = await ensure('start again', ({ signal }) => platform.start(running, { signal }));
      await ensure('disarm guard', () => platform.disarmGuard(id));
      if (stands !== 'served') throw error;
    }
    await ensure('disarm guard', () => platform.disarmGuard(id));
    const readyAt = started?.readyAt ?? operation.startedAt;
    const downtimeMs = Math.max(0, Date.parse(readyAt) - Date.parse(stoppedAt ?? readyAt));
    const saved = copied;
    const safetyBackupId =
      saved &&
      (await ensure('record safety backup', (context) =>
        safety.record(made, present, saved, started ?? { readyAt, services: [] }, context),
      ));
    if (safetyBackupId !== undefined) keepsCopies = false; // what a recorded backup is made of stays anyway
    const { backupId, warnings } = plan;
    return {
      backupId,
      requestId,
      ...filled,
      downtimeMs,
      ...(safetyBackupId === undefined ? {} : { safetyBackupId }),
      warnings: safetyBackupId ? warnings : [...warnings, NOT_RECORDED],
    };
  } finally {
    await ensure('release', () => safety.release({ keepsCopies }));
  }
}

/** A note that is gone says that all services were up on whole data: people work on it, nobody puts that back unasked. */
async function whatStands(platform: WorkspacePlatform, id: string): Promise<'previous' | 'written' | 'served'> {
  const state = await platform.inPlace(id);
  if (state === undefined || state === 'previous') return 'previous';
  const isUp = (await platform.readNote())?.operationId !== id;
  return state === 'restored' && isUp ? 'served' : 'written';
}

function endOfPatience(stoppedAt: string, patienceMs: number) {
  const because = () =>
    new OperationError(
      'over-budget',
      `Services were down for ${writeDuration(patienceMs)}, far longer than forecast.`,
      {
        hint: 'What stood there before was put back. Make room beside the live data, then ask again.',
      },
    );
  return { until: { at: new Date(Date.parse(stoppedAt) + patienceMs), because } };
}

/** The guard waits for so many times the forecast: it cannot put this back, it can only call someone. */
const PATIENCE = 3;
const NOT_RECORDED = 'The safety backup could not be recorded; its copies are in the repository: cml catalog check';
