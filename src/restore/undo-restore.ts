import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { doAll } from '../do-all.ts';
import { OperationError } from '../errors.ts';
import { forgetNote } from '../operation/forget-note.ts';
import type { Story } from '../operation/operation.ts';
import type { UndoPlan } from '../records/plan.ts';
import type { DefinitionFile, WorkspacePlatform } from '../workspace/platform.ts';
import { claimApproval, refuseUnfitTarget } from './prepare-restore.ts';
import { countdownTo } from './restore-countdown.ts';
import { swapIn } from './swap-in.ts';
import type { UndoOutcome, undoStory } from './undo-steps.ts';

export interface UndoPorts {
  readonly platform: WorkspacePlatform;
  readonly catalog: Catalog;
  readonly chat: Chat;
}

export interface UndoInput {
  readonly requestId: string;
  readonly plan: UndoPlan;
  /** How long people are warned, in milliseconds. */
  readonly noticeMs?: number | undefined;
}

/**
 * THE STORY of an undo: a restore of what an earlier one displaced. Nothing is copied, it never left the disk; what it
 * displaces in turn is kept the same way, so an undo can be undone.
 */
export async function undoRestore(
  story: Story<typeof undoStory>,
  { platform, catalog, chat }: UndoPorts,
  input: UndoInput,
): Promise<UndoOutcome> {
  const { step, ensure, operation } = story;
  const { id } = operation;
  const { plan, requestId } = input;
  try {
    await step('claim approval', ({ now }) => claimApproval({ catalog, chat }, requestId, id, now()));
    const definition = await step('preflight', ({ signal }) => checkUndo(plan, id, platform, signal));
    const staged = await step('stage', () => platform.stageDisplaced(id, plan.undoes));
    const countdown = countdownTo(input, operation, { platform, chat }, 'undo');
    const { warnings, ...swapped } = await swapIn(story, platform, { staged, definition, countdown });
    const { backupId, undoes: undone } = plan;
    return { backupId, undone, requestId, ...swapped, warnings: [...plan.warnings, ...warnings] };
  } finally {
    await ensure('release', () => doAll([() => platform.release(id), () => forgetNote(platform, id)]));
  }
}

/** Answers the definition that comes back with the data, where the earlier operation displaced one. */
async function checkUndo(
  plan: UndoPlan,
  operationId: string,
  platform: WorkspacePlatform,
  signal: AbortSignal,
): Promise<DefinitionFile | undefined> {
  refuseUnfitTarget(plan, await platform.inspect({ signal, toRestore: 'approved' }), operationId);
  const kept = (await platform.displaced()).find((one) => one.operationId === plan.undoes);
  if (kept && kept.definition?.sha256 === plan.definitionSha256) return kept.definition;
  const what = kept ? 'The definition that was kept' : `What ${plan.undoes} displaced`;
  throw new OperationError('plan-changed', `${what} is not there any more.`, {
    hint: `Restore from a backup instead: cml list ${plan.workspace}`,
  });
}
