import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { servicesStop } from '../chat/messages/services-stop.ts';
import { OperationError } from '../errors.ts';
import type { DataMover } from '../mover/mover.ts';
import { findAffected } from '../operation/affected.ts';
import { announceStop, announceToPeople, type Countdown, countDown } from '../operation/countdown.ts';
import { armBeforeStop } from '../operation/guard-time.ts';
import type { Story } from '../operation/operation.ts';
import type { BackupPlan } from '../records/plan.ts';
import { writeDuration } from '../records/time.ts';
import type { ChosenCapture } from '../records/workspace.ts';
import type { WorkloadsWish, WorkspacePlatform } from '../workspace/platform.ts';
import type { BackupOutcome, backupStory, Cut, MadeCopy } from './backup-steps.ts';
import { countParts, sourcesAfterStart } from './count-parts.ts';
import { lookAgain, planBackup } from './plan-backup.ts';
import { type Captured, isLoss, manifestFolder, proveCopies, recordBackup, storeManifest } from './record-backup.ts';
import { releaseBackup } from './release-backup.ts';
import { copyParts, prepareCut, takeCut } from './take-cut.ts';
import { takeWholeCut } from './take-whole-cut.ts';

export interface BackupPorts {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
  readonly chat: Chat;
}

export interface BackupInput {
  readonly backupId: string;
  readonly name?: string | undefined;
  readonly noticeMs?: number | undefined;
  readonly capture?: ChosenCapture | undefined;
  readonly workloads?: WorkloadsWish | undefined;
}

/**
 * THE STORY of a backup. Services are down between *stop* and *start* only; whatever fails, *start* is reached; the data
 * is called a backup only after the repository has shown every part of it.
 */
export async function backupWorkspace(
  { step, ensure, operation, folder }: Story<typeof backupStory>,
  ports: BackupPorts,
  input: BackupInput,
): Promise<BackupOutcome> {
  const { platform, mover, catalog } = ports;
  const { id, workspace, settings } = operation;
  const wishes = { ...input, workspace, policy: settings.policy, operationId: id, folder };
  const cutWorld = { platform, mover, folder, operationId: id };
  let cut: Cut | undefined;
  const plan = await step('preflight', ({ signal }) => planBackup(ports, wishes, signal));
  const isWhole = plan.cut === 'whole';
  const definition = await step('capture definition', () => platform.captureDefinition(manifestFolder(folder)));
  const closesAt = windowOf(operation);
  const countdown = { ...countdownOf(plan, operation, ports), closesAt };
  try {
    await step('announce', (context) => announceStop(context, countdown));
    const warm = await step('pre-copy', ({ signal, progress }) =>
      preCopy(plan, { mover, folder, signal, operationId: id, onProgress: progress }),
    );
    await step('countdown', (context) => countDown(context, countdown));
    const before = await step('prepare cut', ({ signal }) => prepareCut(plan, warm, { ...cutWorld, signal }));
    const running = await step('note running', () => platform.noteRunning(id));
    let started: Captured['started'] | undefined;
    try {
      await step('arm guard', ({ now }) => armBeforeStop(platform, { note: running, policy: settings.policy, now }));
      const quiet = await step('stop', ({ signal, now }) =>
        platform.stop(running, { signal, workloads: workloadsUntil(input.workloads, closesAt, now()) }),
      );
      cut = await step(
        'cut',
        ({ signal, progress, now, sleep }) => {
          const world = { ...cutWorld, now, sleep, signal, onProgress: progress };
          return isWhole ? takeWholeCut(plan, quiet, warm, world) : takeCut(plan, quiet, warm, world);
        },
        // A whole cut is followed by the next life too: the platform itself calls it off, when it looked how far it is.
        isWhole ? undefined : { until: endOfBudget(quiet.stoppedAt, plan) },
      );
    } finally {
      started = await ensure('start', ({ signal }) => platform.start(running, { signal }));
      await ensure('disarm guard', () => platform.disarmGuard(id));
    }
    return await secure({
      plan,
      definition,
      warm,
      cut,
      before,
      started,
      backupId: input.backupId,
      name: input.name,
      operation,
    });
  } finally {
    await ensure('release', () => releaseBackup({ platform, mover, catalog, folder }, id, input.backupId));
  }

  async function secure(
    taken: Omit<Captured, 'secured' | 'later' | 'started' | 'after'> & { started: Captured['started'] | undefined },
  ) {
    if (!taken.started) throw new OperationError('step-failed', 'Services were started, but when is not known.');
    const known = { ...taken, started: taken.started };
    const after = taken.before?.length
      ? await step('count again', ({ signal }) => platform.countAtCut(id, 'after', folder, { signal }))
      : undefined;
    const sources = sourcesAfterStart(taken.plan, taken.cut, known.started.readyAt);
    const later = await step('copy snapshots', ({ signal, progress }) =>
      copyLater(taken.plan, sources, signal, progress),
    );
    const secured = await step('count', ({ signal }) =>
      countParts(taken.plan, taken.cut, later && { copy: later, sources }, {
        mover,
        folder,
        signal,
        acceptUnreadable: settings.policy.acceptUnreadable,
        startedAt: known.started.readyAt,
      }),
    );
    const captured: Captured = { ...known, later, secured, after };
    const stored = await step('store manifest', ({ signal }) => storeManifest(captured, mover, folder, signal));
    await step('prove', ({ signal }) => proveCopies(captured, stored.copyId, mover, folder, signal));
    const recorded = await step('record', ({ now }) => recordBackup(captured, stored, folder, now(), catalog));
    if (recorded.status === 'incomplete') throw incomplete(recorded);
    return recorded;
  }

  async function copyLater(
    plan: BackupPlan,
    sources: ReturnType<typeof sourcesAfterStart>,
    signal: AbortSignal,
    onProgress: Parameters<DataMover['copy']>[1]['onProgress'],
  ): Promise<MadeCopy | undefined> {
    if (sources.length === 0) return undefined;
    const places = sources.map(({ part, path }) => ({
      path,
      ...{ exclude: part.exclude, files: part.files },
      mayChange: part.capture === 'after-start',
    }));
    const options = { key: 'later', tags: [id], signal, yields: true };
    return copyParts({ mover, folder, onProgress }, places, plan.parents.afterStart, options);
  }
}

/** It stands in the catalog for what it is; the operation did not do what was asked. */
function incomplete({ backupId, warnings }: BackupOutcome): OperationError {
  const unreadable = warnings.filter(isLoss);
  const more = unreadable.length > 3 ? ` and ${unreadable.length - 3} more` : '';
  return new OperationError(
    'backup-incomplete',
    `Backup ${backupId} is incomplete. ${unreadable.slice(0, 3).join('; ')}${more}.`,
    {
      hint: 'Make them readable and their paths shorter, or accept unreadable ones with a pattern under policy.acceptUnreadable.',
    },
  );
}

async function preCopy(plan: BackupPlan, world: CopyWorld): Promise<MadeCopy | undefined> {
  const parts = plan.parts.filter((part) => part.capture === 'two-pass');
  if (parts.length === 0) return undefined;
  const tags = [world.operationId, 'pre-copy'];
  return copyParts(world, parts, plan.parents.cut, {
    ...{ key: 'pre-copy', tags, signal: world.signal },
    ...{ isFirstPass: true, yields: true },
  });
}

interface CopyWorld {
  readonly mover: DataMover;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly operationId: string;
  readonly onProgress: Parameters<DataMover['copy']>[1]['onProgress'];
}

function countdownOf(
  plan: BackupPlan,
  operation: Story<typeof backupStory>['operation'],
  { platform, chat }: Pick<BackupPorts, 'platform' | 'chat'>,
): Countdown {
  return {
    noticeMs: plan.noticeMs,
    lookAgain: (signal) => lookAgain(platform, operation.id, plan, signal),
    async announce(stopsAt) {
      const message = servicesStop({
        operationId: operation.id,
        kind: 'backup',
        workspace: operation.workspace,
        by: operation.by.name,
        reason: operation.reason,
        stopsAt,
        noticeMs: plan.noticeMs,
        ...plan.forecast,
        affects: await findAffected(platform),
      });
      await announceToPeople(chat, message, operation.trigger);
    },
  };
}

function windowOf({ scheduled }: Story<typeof backupStory>['operation']): Date | undefined {
  return scheduled?.windowClosesAt === undefined ? undefined : new Date(scheduled.windowClosesAt);
}

/** Nobody is waited for beyond the hours in which services may stop. */
function workloadsUntil(wish: WorkloadsWish | undefined, closesAt: Date | undefined, now: Date) {
  if (!wish || !closesAt) return wish;
  return { ...wish, waitForMs: Math.min(wish.waitForMs, Math.max(0, closesAt.getTime() - now.getTime())) };
}

function endOfBudget(stoppedAt: string, plan: BackupPlan) {
  return {
    at: new Date(Date.parse(stoppedAt) + plan.budgetMs),
    because: () =>
      new OperationError('over-budget', `Services were down for the whole budget of ${writeDuration(plan.budgetMs)}.`, {
        hint: 'The cut was given up and services were started. Capture large parts by snapshot, or raise downtimeBudget.',
      }),
  };
}
