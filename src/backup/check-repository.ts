import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { repositoryDamaged } from '../chat/messages/repository-kept.ts';
import { explain, isAppError, OperationError } from '../errors.ts';
import type { DataMover, MoveOptions, Reread, Slice } from '../mover/mover.ts';
import type { StepContext, Story } from '../operation/operation.ts';
import type { WorkspaceMarks } from '../records/marks.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { copiesOf } from './delete-plan.ts';
import { isDue, planReread, type RereadPace, type RereadPlan, slicesToRead } from './plan-reread.ts';
import type { CheckOutcome, checkStory } from './repository-steps.ts';

export interface CheckPorts {
  readonly platform: WorkspacePlatform;
  readonly catalog: Catalog;
  readonly mover: DataMover;
  readonly chat: Chat;
}

/**
 * THE STORY of a check: reads the slices of the repository that are due and compares them with their hashes. How far the
 * round is stands in the marks after every slice, so that a crash reads none twice. Damage calls people, names the backups
 * it touches, and keeps retention from removing older ones that may be whole, until a person has looked.
 */
export async function checkRepository(
  { step, ensure, operation, folder }: Story<typeof checkStory>,
  { platform, catalog, mover, chat }: CheckPorts,
  pace: RereadPace,
): Promise<CheckOutcome> {
  const { id, workspace } = operation;
  const rereadNow = async () => (await catalog.marks.get(workspace)).reread;
  try {
    const plan = await step('plan', async ({ now }) => planReread(await rereadNow(), pace, now()));
    const { slices } = await step('read again', async (context) => {
      const reread = await rereadNow();
      const wanted = slicesToRead(plan, reread?.damaged ?? []).filter((slice) => !isDone(slice, plan, reread));
      for (const [nth, slice] of wanted.entries()) {
        context.progress({ note: `slice ${slice.index} of ${slice.of}, ${wanted.length - nth} to go` });
        await readAndNote({ catalog, mover }, { plan, slice, id, workspace, folder }, context);
      }
      return { slices: wanted.length };
    });
    const damage = await step('judge', async () => standingDamage(await rereadNow(), id));
    if (!damage) return { slices, of: plan.of, done: plan.to, beganAt: plan.beganAt };
    const message = repositoryDamaged(operation, damage);
    if (damage.isNew) await ensure('call people', () => chat.page(message));
    throw new OperationError('repository-damaged', `The repository of ${workspace} is damaged.`, {
      hint: message.details?.join(' '),
    });
  } finally {
    await ensure('release', () => platform.release(id));
  }
}

interface SliceTask {
  readonly plan: RereadPlan;
  readonly slice: Slice;
  readonly id: string;
  readonly workspace: string;
  readonly folder: string;
}

async function readAndNote(
  { catalog, mover }: Pick<CheckPorts, 'catalog' | 'mover'>,
  { folder, workspace, ...task }: SliceTask,
  { signal, now }: Pick<StepContext, 'signal' | 'now'>,
): Promise<void> {
  const { index, of } = task.slice;
  const found = await readSlice(mover, task.slice, {
    ...{ folder, key: `reread-${index}-of-${of}`, signal, yields: true },
  });
  const backups = await backupsWith(catalog, workspace, found.copyIds);
  const at = now().toISOString();
  await catalog.marks.change(workspace, (marks) => noteSlice(marks, { ...task, found, backups, at }));
}

/** An earlier life of this operation has read it. */
function isDone(slice: Slice, plan: RereadPlan, reread: WorkspaceMarks['reread']): boolean {
  return isDue(slice, plan) && reread?.beganAt === plan.beganAt && slice.index <= reread.done;
}

/** Where not even the structure can be read, that is what is damaged. */
async function readSlice(mover: DataMover, slice: Slice, options: MoveOptions): Promise<Reread> {
  try {
    return await mover.reread(slice, options);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'repository-damaged') throw error;
    return { problems: [explain(error)], copyIds: [] };
  }
}

async function backupsWith(catalog: Catalog, workspace: string, copyIds: readonly string[]): Promise<string[]> {
  if (copyIds.length === 0) return [];
  const named = await catalog.backups.list({ workspace, status: ['completed', 'incomplete'], copies: copyIds });
  return named.filter((backup) => copiesOf(backup).some((copy) => copyIds.includes(copy))).map(({ id }) => id);
}

interface SliceNote extends Pick<SliceTask, 'plan' | 'slice' | 'id'> {
  readonly found: Reread;
  readonly backups: readonly string[];
  readonly at: string;
}

type Damaged = NonNullable<NonNullable<WorkspaceMarks['reread']>['damaged']>[number];

function noteSlice(marks: WorkspaceMarks, { plan, slice, found, backups, id, at }: SliceNote): WorkspaceMarks {
  const { of, beganAt } = plan;
  const { reread } = marks;
  const done = reread?.beganAt === beganAt ? reread.done : plan.from - 1;
  const isThis = (one: Slice) => one.index === slice.index && one.of === slice.of;
  const known = reread?.damaged.find(isThis);
  const others = reread?.damaged.filter((one) => !isThis(one)) ?? [];
  const next = { of, beganAt, done: isDue(slice, plan) ? Math.max(done, slice.index) : done, lastAt: at };
  if (found.problems.length === 0) return { ...marks, reread: { ...next, damaged: others } };
  const first = known ?? { at, operationId: id };
  const damaged: Damaged = { ...slice, ...first, backups: [...backups], problems: [...found.problems] };
  const because = `${first.operationId} found damage in the repository`;
  return {
    ...marks,
    reread: { ...next, damaged: [...others, damaged] },
    // Once a person has looked and let it go on, the same damage does not stop it again.
    ...(known || marks.retentionOff ? {} : { retentionOff: { since: at, because } }),
  };
}

function standingDamage(reread: WorkspaceMarks['reread'], id: string) {
  const damaged = reread?.damaged ?? [];
  if (damaged.length === 0) return undefined;
  return {
    backups: [...new Set(damaged.flatMap(({ backups }) => backups))],
    problems: damaged.flatMap(({ problems }) => problems).slice(0, 5),
    isNew: damaged.some(({ operationId }) => operationId === id),
  };
}
