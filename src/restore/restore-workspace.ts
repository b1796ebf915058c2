import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { doAll } from '../do-all.ts';
import type { DataMover } from '../mover/mover.ts';
import { forgetNote } from '../operation/forget-note.ts';
import type { Story } from '../operation/operation.ts';
import type { RestorePlan } from '../records/plan.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { checkRestore, claimApproval, fetchDefinition, fillStaged } from './prepare-restore.ts';
import { countdownTo } from './restore-countdown.ts';
import type { RestoreOutcome, restoreStory } from './restore-steps.ts';
import { swapIn } from './swap-in.ts';

export interface RestorePorts {
  readonly platform: WorkspacePlatform;
  /** Of the repository that holds the backup. */
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
 * data is swapped in, they start.
 */
export async function restoreWorkspace(
  story: Story<typeof restoreStory>,
  { platform, mover, catalog, chat }: RestorePorts,
  input: RestoreInput,
): Promise<RestoreOutcome> {
  const { step, ensure, operation, folder } = story;
  const { id } = operation;
  const { plan, requestId } = input;
  const world = (signal: AbortSignal) => ({ platform, mover, folder, signal });
  try {
    await step('claim approval', ({ now }) => claimApproval({ catalog, chat }, requestId, id, now()));
    await step('preflight', ({ signal }) => checkRestore(plan, id, world(signal)));
    const wishes = plan.parts.map(({ name, within, is, bytes }) => ({ part: name, within, is, bytes }));
    const staged = await step('stage', () => platform.stage(id, wishes));
    const filled = await step('fill', ({ signal, progress }) => fillStaged(plan, staged, world(signal), progress));
    const stored = plan.definition;
    const definition =
      stored &&
      (await step('fetch definition', ({ signal }) =>
        fetchDefinition({ definition: stored, releaseThen: plan.releaseThen }, world(signal)),
      ));
    const countdown = countdownTo(input, operation, { platform, chat });
    const { warnings, ...swapped } = await swapIn(story, platform, { staged, definition, fromBackup: true, countdown });
    const { backupId } = plan;
    return { backupId, requestId, ...filled, ...swapped, warnings: [...plan.warnings, ...warnings] };
  } finally {
    await ensure('release', () => doAll([() => platform.release(id), () => forgetNote(platform, id)]));
  }
}
