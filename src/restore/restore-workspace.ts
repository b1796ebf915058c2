import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { servicesStop } from '../chat/messages/services-stop.ts';
import { OperationError } from '../errors.ts';
import type { DataMover } from '../mover/mover.ts';
import { announceStop, announceToPeople, type Countdown, countDown } from '../operation/countdown.ts';
import { forgetNote } from '../operation/forget-note.ts';
import { guardTime } from '../operation/guard-time.ts';
import type { Story } from '../operation/operation.ts';
import type { RestorePlan } from '../records/plan.ts';
import type { Started, WorkspacePlatform } from '../workspace/platform.ts';
import { checkRestore, claimApproval, fetchDefinition, fillStaged } from './prepare-restore.ts';
import type { RestoreOutcome, restoreStory } from './restore-steps.ts';

export interface RestorePorts {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
  readonly chat: Chat;
}

export interface RestoreInput {
  readonly requestId: string;
  readonly plan: RestorePlan;
  /** How long people are warned, in milliseconds. */
  readonly noticeMs?: number | undefined;
}

/**
 * THE STORY of a restore. Everything is built and checked beside the live data while services run; then they stop, the
 * data is swapped in, they start. When anything of that fails, what was there before is put back first; if that fails,
 * nothing is started and a human is paged.
 */
export async function restoreWorkspace(
  { step, ensure, operation, folder }: Story<typeof restoreStory>,
  { platform, mover, catalog, chat }: RestorePorts,
  input: RestoreInput,
): Promise<RestoreOutcome> {
  const { id, settings } = operation;
  const { plan } = input;
  const wishes = plan.parts.map(({ name }) => ({ part: name }));
  const world = (signal: AbortSignal) => ({ platform, mover, folder, signal });
  try {
    await step('claim approval', ({ now }) => claimApproval({ catalog, chat }, input.requestId, id, now()));
    await step('preflight', ({ signal }) => checkRestore(plan, id, world(signal)));
    const staged = await step('stage', () => platform.stage(id, wishes));
    const filled = await step('fill', ({ signal, progress }) => fillStaged(plan, staged, world(signal), progress));
    const definition = await step('fetch definition', ({ signal }) => fetchDefinition(plan, world(signal)));
    const present = await step('capture present definition', () => platform.captureDefinition(join(folder, 'present')));
    const countdown = countdownOf(input, operation, { platform, chat });
    await step('announce', (context) => announceStop(context, countdown));
    await step('countdown', (context) => countDown(context, countdown));
    const running = await step('note running', () => platform.noteRunning(id));
    let started: Started | undefined;
    let stoppedAt: string | undefined;
    try {
      await step('arm guard', ({ now }) => platform.armGuard(running, guardTime(now(), settings.policy), present));
      const quiet = await step('stop', ({ signal }) => platform.stop(running, { signal }));
      stoppedAt = quiet.stoppedAt;
      await step('commit', () => platform.commit(id, staged, quiet));
      await step('apply definition', async () => {
        await platform.proveQuiet(quiet, []); // not after the guard has acted: it has put the present one back
        await platform.applyDefinition(definition.path);
      });
      started = await step('start restored', async ({ signal }) => {
        const up = await platform.start(running, { signal });
        if (await platform.isReverted(id)) throw putBackByGuard();
        return up;
      });
    } catch (error) {
      // Once all services were up on the restored data, people work on it: nobody puts that back unasked.
      const isServed = await ensure('see what serves', () => platform.isServed(id));
      if (!isServed)
        await ensure('put back', async () => {
          if (!(await platform.isReverted(id))) await platform.stop(running);
          // Before the data: once that is back, the guard takes everything for put back.
          await platform.applyDefinition(present.path);
          await platform.revert(id);
        });
      started = await ensure('start again', ({ signal }) => platform.start(running, { signal }));
      await ensure('disarm guard', () => platform.disarmGuard(id));
      if (!isServed) throw error;
    }
    await ensure('disarm guard', () => platform.disarmGuard(id));
    const readyAt = started?.readyAt ?? operation.startedAt;
    const displacedUntil = new Date(Date.parse(readyAt) + settings.policy.grace).toISOString();
    const displaced = await ensure('keep displaced', () => platform.keepDisplaced(id, displacedUntil));
    const downtimeMs = Math.max(0, Date.parse(readyAt) - Date.parse(stoppedAt ?? readyAt));
    const { requestId } = input;
    return {
      backupId: plan.backupId,
      requestId,
      ...filled,
      downtimeMs,
      displaced: displaced ?? [],
      displacedUntil,
      warnings: displaced ? plan.warnings : [...plan.warnings, 'What was displaced is kept until someone removes it.'],
    };
  } finally {
    await ensure('release', async () => {
      await platform.release(id);
      await forgetNote(platform, id);
    });
  }
}

function putBackByGuard(): OperationError {
  return new OperationError('over-budget', 'The guard put the previous data back before services were started.', {
    hint: 'Services were down for the whole budget and its margin. Raise downtimeBudget, then ask again.',
  });
}

async function checkStillFit(platform: WorkspacePlatform, plan: RestorePlan, operationId: string, signal: AbortSignal) {
  const inspection = await platform.inspect({ signal });
  const isNoted = inspection.notedBy !== undefined && inspection.notedBy !== operationId;
  const hasMoved = plan.parts.some(({ name, path }) => inspection.parts.find((p) => p.name === name)?.path !== path);
  if (!isNoted && !hasMoved) return;
  throw new OperationError('plan-changed', `${plan.workspace} changed while the restore was prepared.`, {
    hint: 'Nothing was stopped. Look with `cml status`, then ask again.',
  });
}

function countdownOf(
  input: RestoreInput,
  operation: Story<typeof restoreStory>['operation'],
  { platform, chat }: Pick<RestorePorts, 'platform' | 'chat'>,
): Countdown {
  const noticeMs = input.noticeMs ?? operation.settings.policy.notice;
  return {
    noticeMs,
    lookAgain: (signal) => checkStillFit(platform, input.plan, operation.id, signal),
    announce: (stopsAt) =>
      announceToPeople(
        chat,
        servicesStop({
          operationId: operation.id,
          kind: 'restore',
          workspace: operation.workspace,
          by: operation.by.name,
          reason: operation.reason,
          stopsAt,
          noticeMs,
          downtimeMs: input.plan.forecast.downtimeMs,
        }),
        operation.trigger,
      ),
  };
}
