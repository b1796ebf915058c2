import type { Catalog } from '../catalog/catalog.ts';
import { OperationError } from '../errors.ts';
import type { ContentShare, DataMover } from '../mover/mover.ts';
import type { Story } from '../operation/operation.ts';
import type { Backup } from '../records/backup.ts';
import { type Counted, tellMiscounts } from '../records/counted.ts';
import { type CapturedPart, type CopiedPart, hasCopy, type KeptBackup } from '../records/part.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { compareScratch } from './compare-scratch.ts';
import { fetchDefinition, fillStaged } from './prepare-restore.ts';
import type { VerifyOutcome, verifyStory } from './verify-steps.ts';

export interface VerifyPorts {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
}

/**
 * THE STORY of a verification: brings all of the backup that is in the repository back into a scratch place, counts what arrived against what was
 * counted at the cut, compares every entry with what the copies hold, has the workspace's own checks look at it, and writes down that and how long it took. Services are
 * never touched. What a control plane keeps nobody can look into: it is asked whether it still has it, and that is written
 * down as what it is.
 */
export async function verifyBackup(
  { step, ensure, operation, folder }: Story<typeof verifyStory>,
  { platform, mover, catalog }: VerifyPorts,
  { backupId }: { readonly backupId: string },
): Promise<VerifyOutcome> {
  const { id } = operation;
  const world = (signal: AbortSignal) => ({ platform, mover, folder, signal });
  const read = () => restorable(catalog, backupId);
  const turnTo = (contentShare: number) =>
    catalog.marks.change(operation.workspace, (marks) => ({ ...marks, contentShare }));
  try {
    const reported = await step('preflight', async ({ signal }) => {
      const backup = await read();
      await mover.probe();
      const listed = await mover.list([], { folder, key: 'list-known', signal });
      refuseLost(backup, new Set(listed.map((copy) => copy.id)));
      const kept = keptParts(backup);
      return kept.length === 0 ? undefined : askVendor(kept, platform, signal);
    });
    const scratch = await step('make scratch', async () => platform.makeScratch(id, (await read()).parts));
    const filled = await step('fill', async ({ signal, progress, now, isBegunBefore }) => {
      const beganAt = now().getTime();
      const arrived = await fillStaged(await read(), scratch, { ...world(signal), yields: true }, progress);
      // What an earlier life brought back need not be brought back again: this life's time would be too short.
      return isBegunBefore ? arrived : { ...arrived, restoreMs: Math.max(0, now().getTime() - beganAt) };
    });
    const { share } = await step('compare', async ({ signal, progress }) => {
      const share = await shareOfContent(catalog, operation.settings);
      const compared = await compareScratch(await read(), scratch, { ...world(signal), share }, progress);
      return { ...compared, ...(share ? { share } : {}) };
    });
    await step('check definition', async ({ signal }) => {
      const { definition, release } = await read();
      if (definition) await fetchDefinition({ definition, releaseThen: release }, world(signal));
    });
    const checks = await step('run checks', async ({ signal }) => {
      const found = await platform.runChecks(id, scratch, folder, { signal });
      refuseMiscounts(await read(), found);
      return found.length;
    });
    await step('record verified', async ({ now }) => {
      const { parts } = await read();
      if (parts.length === 0) return; // nothing of it was looked at by anybody but the control plane
      const vendorReported = reported ? { vendorReported: reported } : {};
      const looked = { ...filled, ...(share ? { content: share } : {}), ...vendorReported };
      const verified = { at: now().toISOString(), operationId: id, ...looked };
      if (share) await turnTo((share.share + 1) % share.of);
      await catalog.backups.change(backupId, (standing) => ({ ...standing, verified }));
    });
    const vendorReported = reported ? { vendorReported: reported } : {};
    return { backupId, ...filled, checks, ...(share ? { share } : {}), ...vendorReported };
  } finally {
    await ensure('release', () => platform.release(id));
  }
}

/** Another share each time, whatever backup is verified, so that all content is read after so many verifications. */
async function shareOfContent(
  catalog: Catalog,
  { name, policy }: WorkspaceSettings,
): Promise<ContentShare | undefined> {
  const of = policy.verify.content;
  if (of === 1) return undefined;
  const { contentShare = 0 } = await catalog.marks.get(name);
  return { share: contentShare % of, of };
}

/** `parts`: those that are in the repository. */
type Restorable = Backup & { readonly parts: CopiedPart[]; readonly all: readonly CapturedPart[] };

function keptParts({ all }: Restorable): { name: string; kept: KeptBackup }[] {
  return all.flatMap(({ name, kept }) => (kept ? [{ name, kept }] : []));
}

/** @throws OperationError `copy-not-proven` with what the control plane says of a part that it does not have any more. */
async function askVendor(
  parts: ReturnType<typeof keptParts>,
  { vendor }: WorkspacePlatform,
  signal: AbortSignal,
): Promise<string[]> {
  for (const { name, kept } of parts) {
    const found = await vendor?.find(kept.crn, { signal });
    if (found?.state === 'finished') continue;
    const says = found ? `says of it: ${found.status}` : 'does not know it any more';
    throw new OperationError('copy-not-proven', `"${name}" cannot be brought back: the control plane ${says}.`, {
      hint: 'This backup cannot be restored whole. Make a new backup at once.',
    });
  }
  return parts.map(({ name }) => name);
}

/** Read anew in each step: it is too large for the journal, and what was captured never changes. */
async function restorable(catalog: Catalog, backupId: string): Promise<Restorable> {
  const backup = await catalog.backups.get(backupId);
  if (backup?.status === 'completed') return { ...backup, parts: backup.parts.filter(hasCopy), all: backup.parts };
  throw new OperationError('backup-incomplete', `${backupId} is ${backup?.status ?? 'not in the catalog'}.`, {
    hint: 'Only completed backups can be verified: cml list',
  });
}

/** @throws OperationError `check-failed` naming what is more or less than it was at the cut. */
function refuseMiscounts({ id, counted = [] }: Backup, found: readonly Counted[]): void {
  const wrong = counted.flatMap((atCut) => {
    const counts = found.find(({ check }) => check === atCut.check)?.counts;
    return counts ? tellMiscounts(atCut, counts).map((text) => `${atCut.check}, ${text}`) : [];
  });
  if (wrong.length === 0) return;
  throw new OperationError('check-failed', `What came back of ${id} is not what was counted: ${wrong.join('; ')}.`, {
    hint: 'Look whether people changed it in the minute around the cut; if not, make a new backup and verify that one.',
  });
}

function refuseLost(backup: Restorable, known: ReadonlySet<string>): void {
  const lost = [...backup.parts, ...(backup.definition ? [backup.definition] : [])].find(
    ({ copyId }) => !known.has(copyId),
  );
  if (!lost) return;
  throw new OperationError(
    'copy-not-proven',
    `Copy ${lost.copyId} of ${backup.id} is not in the repository any more.`,
    {
      hint: 'This backup cannot be restored. Check the repository and make a new backup at once.',
    },
  );
}
