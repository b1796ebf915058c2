import type { Catalog } from '../catalog/catalog.ts';
import { OperationError } from '../errors.ts';
import type { DataMover, MoveOptions } from '../mover/mover.ts';
import type { Story } from '../operation/operation.ts';
import type { Backup } from '../records/backup.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { deleteKept } from './delete-backup.ts';
import { copiesOf } from './delete-plan.ts';
import { heldBackups } from './held-backups.ts';
import { planRetention, type RetentionPlan } from './retention.ts';
import type { Doomed, RetentionOutcome, retentionStory } from './retention-steps.ts';

export interface RetentionPorts {
  readonly catalog: Catalog;
  readonly mover: DataMover;
  /** Of which only what a control plane keeps counts. */
  readonly platform: Pick<WorkspacePlatform, 'vendor'>;
}

/** So many go at once: the journal stays small, and nobody waits long for the workspace. The rest goes the next time. */
const MOST_AT_ONCE = 200;
/** Copies that one call drops: their names have to fit on a command line. */
const FORGOTTEN_AT_ONCE = 500;

/**
 * THE STORY of retention: removes what no rule keeps, all in one go, as a deletion removes one backup: the catalog says
 * `deleting` first, then the manifests go, then the parts. What is pinned or held is looked at again at that moment. What a
 * failure leaves half deleted is finished the next time.
 */
export async function applyRetention(
  { step, operation, folder }: Story<typeof retentionStory>,
  { catalog, mover, platform }: RetentionPorts,
): Promise<RetentionOutcome> {
  const { workspace, settings } = operation;
  const { goes, kept, left } = await step('plan', async ({ now, signal }) => {
    await refuseWhenOff(catalog, workspace);
    await refuseUndeletable(platform, signal);
    return choose(await judgeBackups(catalog, settings, now()), await standingOf(catalog, workspace));
  });
  const marked = await step('mark deleting', ({ now }) => markDeleting(catalog, goes, now));
  const forget = async (ids: readonly string[], key: string, options: Pick<MoveOptions, 'signal'>) => {
    for (let from = 0; from < ids.length; from += FORGOTTEN_AT_ONCE) {
      await mover.forget(ids.slice(from, from + FORGOTTEN_AT_ONCE), { ...options, folder, key: `${key}-${from}` });
    }
  };
  await step('forget manifests', async ({ signal }) => {
    const backups = await read(catalog, marked);
    await forget(
      backups.flatMap(({ manifestCopyId = [] }) => manifestCopyId),
      'forget-manifests',
      { signal },
    );
  });
  if (platform.vendor)
    await step('delete vendor backups', async ({ signal }) => {
      const kept = (await read(catalog, marked)).flatMap(({ parts }) =>
        parts.flatMap(({ kept: one }) => one?.crn ?? []),
      );
      await deleteKept(platform, kept, signal);
    });
  const copies = await step('forget parts', async ({ signal }) => {
    const unneeded = await unneededCopies(catalog, workspace, marked);
    await forget(unneeded, 'forget-parts', { signal });
    return unneeded.length + marked.length;
  });
  await step('mark deleted', async () => {
    for (const id of marked) await catalog.backups.change(id, (now) => ({ ...now, status: 'deleted' }));
  });
  return { removed: marked, kept: kept + goes.length - marked.length, copies, left };
}

/** What the rules would keep and remove as everything stands now. Changes nothing. */
export async function judgeBackups(
  catalog: Catalog,
  {
    name,
    retention,
    policy,
  }: Pick<Story<typeof retentionStory>['operation']['settings'], 'name' | 'retention' | 'policy'>,
  now: Date,
): Promise<RetentionPlan> {
  const backups = await standingOf(catalog, name);
  const held = await heldBackups(catalog, now);
  return planRetention({ rules: retention, backups, held, graceMs: policy.grace, now });
}

async function standingOf(catalog: Catalog, workspace: string): Promise<Backup[]> {
  return catalog.backups.list({ workspace, status: ['completed', 'incomplete', 'deleting'] });
}

function choose({ kept, goes }: RetentionPlan, standing: readonly Backup[]) {
  const statusOf = new Map(standing.map(({ id, status }) => [id, status]));
  const all = goes.flatMap(({ id, because }): Doomed[] => {
    const was = statusOf.get(id);
    return was === undefined || was === 'deleted' ? [] : [{ id, was, because: [...because] }];
  });
  return { goes: all.slice(0, MOST_AT_ONCE), kept: kept.length, left: Math.max(0, all.length - MOST_AT_ONCE) };
}

/** @throws OperationError `nothing-to-do` while a person has to look at the catalog first. */
async function refuseWhenOff(catalog: Catalog, workspace: string): Promise<void> {
  const { retentionOff } = await catalog.marks.get(workspace);
  if (!retentionOff) return;
  throw new OperationError('nothing-to-do', `Retention of ${workspace} is off: ${retentionOff.because}.`, {
    hint: `Look at the backups, then: cml catalog confirm ${workspace}`,
  });
}

/**
 * Answers those that go. A pin is seen by the conditional write itself; a request may come between the look and the write,
 * so it is looked for once more before anything is dropped, and its backup is given back: also one that an earlier life
 * had marked.
 */
async function markDeleting(catalog: Catalog, goes: readonly Doomed[], now: () => Date): Promise<string[]> {
  const isFree = (held: ReadonlyMap<string, string>, { id, was }: Doomed) => was === 'deleting' || !held.has(id);
  const held = await heldBackups(catalog, now());
  const marked: Doomed[] = [];
  for (const one of goes.filter((each) => isFree(held, each))) {
    const changed = await catalog.backups.change(one.id, (standing) =>
      standing.pinned || standing.status === 'deleted' ? undefined : { ...standing, status: 'deleting' },
    );
    if (changed.status === 'deleting') marked.push(one);
  }
  const heldSince = await heldBackups(catalog, now());
  for (const { id, was } of goes.filter((each) => !isFree(heldSince, each))) {
    await catalog.backups.change(id, (standing) =>
      standing.status === 'deleting' ? { ...standing, status: was } : undefined,
    );
  }
  return marked.filter((one) => isFree(heldSince, one)).map(({ id }) => id);
}

/** Before anything is marked: what a control plane keeps has to go as well, or it would stay there unseen. */
async function refuseUndeletable({ vendor }: RetentionPorts['platform'], signal: AbortSignal): Promise<void> {
  const why = await vendor?.whyNotDelete({ signal });
  if (why === undefined) return;
  throw new OperationError('nothing-to-do', `Nothing can be removed by retention: ${why}`, {
    hint: "Delete backups in the control plane's own page, and take the rules of retention away.",
  });
}

async function read(catalog: Catalog, ids: readonly string[]): Promise<Backup[]> {
  const found = await Promise.all(ids.map((id) => catalog.backups.get(id)));
  return found.filter((backup) => backup !== undefined);
}

/** Copies of these backups, their manifests left out, that no other backup names. */
async function unneededCopies(catalog: Catalog, workspace: string, ids: readonly string[]): Promise<string[]> {
  const going = await read(catalog, ids);
  const manifests = new Set(going.flatMap(({ manifestCopyId = [] }) => manifestCopyId));
  const named = new Set(going.flatMap(copiesOf).filter((copy) => !manifests.has(copy)));
  const others = (await standingOf(catalog, workspace)).filter(({ id }) => !ids.includes(id));
  for (const copy of others.flatMap(copiesOf)) named.delete(copy);
  return [...named];
}
