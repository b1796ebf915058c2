import type { CopyRequest, DataMover } from '../mover/mover.ts';
import { together } from '../operation/together.ts';
import type { Counted } from '../records/counted.ts';
import type { BackupPlan, PartPlan } from '../records/plan.ts';
import type { Quiet, WorkspacePlatform } from '../workspace/platform.ts';
import type { Cut, MadeCopy } from './backup-steps.ts';
import { partsCopiedInCut } from './plan-backup.ts';

export interface CutWorld {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly operationId: string;
  readonly folder: string;
  readonly now: () => Date;
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress: Parameters<DataMover['copy']>[1]['onProgress'];
}

/**
 * The kernel writes change times by a clock that it moves on every 10 ms at the longest (CONFIG_HZ=100): what is changed once
 * reading has begun must not seem older than the cut.
 */
const TICK_MS = 20;

/**
 * Takes all parts while services are stopped: snapshots and the changes of copied parts side by side. Quiet is proven
 * before the first part and after the last; a part written in between makes the whole cut worthless.
 */
export async function takeCut(
  plan: BackupPlan,
  quiet: Quiet,
  warm: MadeCopy | undefined,
  world: CutWorld,
): Promise<Cut> {
  const { platform, operationId, signal } = world;
  const consistent = plan.parts.filter((part) => part.capture !== 'after-start');
  await platform.proveQuiet(quiet, consistent);
  const takenAt = world.now().toISOString();
  const copied = partsCopiedInCut(plan.parts);
  const [snapshots, delta] = await together(signal, [
    (either) =>
      plan.parts.some((part) => part.capture === 'snapshot')
        ? platform.snapshot(operationId, plan, quiet, { signal: either })
        : Promise.resolve([]),
    (either) =>
      copied.length === 0 ? Promise.resolve(undefined) : copyDelta(plan, copied, warm, { ...world, signal: either }),
  ] as const);
  await platform.proveQuiet(quiet, consistent);
  return { takenAt, quiet, snapshots, ...(delta ? { delta } : {}) };
}

/** What changed in these parts since their first pass. */
export async function copyDelta(
  plan: BackupPlan,
  parts: readonly (PartPlan & { readonly mayChange?: boolean })[],
  warm: MadeCopy | undefined,
  world: CutWorld,
): Promise<MadeCopy> {
  const { platform, operationId, folder, signal } = world;
  await world.sleep(TICK_MS);
  await platform.warmUp(operationId, parts, folder, { signal });
  return copyParts(world, parts, parentOfDelta(plan, warm), deltaOptions(operationId, signal));
}

const parentOfDelta = (plan: BackupPlan, warm: MadeCopy | undefined) => warm?.id ?? plan.parents.cut;
const deltaOptions = (operationId: string, signal: AbortSignal): CopyOptions => ({
  key: 'delta',
  tags: [operationId],
  signal,
});

/**
 * Has what takes the cut waiting for its moment, so that the time in which services are down holds no more than the cut
 * itself; answers what was counted last before that. Not the copy of parts of which nothing was copied before: the volumes of some cannot be mounted while services run.
 */
export async function prepareCut(
  plan: BackupPlan,
  warm: MadeCopy | undefined,
  { platform, mover, operationId, folder, signal }: Omit<CutWorld, 'now' | 'sleep' | 'onProgress'>,
): Promise<Counted[]> {
  if (plan.parts.some(({ capture }) => capture === 'snapshot'))
    await platform.prepareCut(operationId, plan, { signal });
  await prepareDelta(plan, warm, { mover, operationId, folder, signal });
  return platform.countAtCut(operationId, 'before', folder, { signal });
}

async function prepareDelta(
  plan: BackupPlan,
  warm: MadeCopy | undefined,
  { mover, operationId, folder, signal }: Pick<CutWorld, 'mover' | 'operationId' | 'folder' | 'signal'>,
): Promise<void> {
  const copied = partsCopiedInCut(plan.parts);
  if (copied.length === 0 || copied.some(({ capture }) => capture !== 'two-pass')) return;
  const options = deltaOptions(operationId, signal);
  await mover.prepareCopy(requestFor(copied, parentOfDelta(plan, warm), options), { folder, key: options.key, signal });
}

interface CopiedPart {
  readonly path: string;
  readonly exclude: readonly string[];
  /** By the last count; 0 when nobody counted. */
  readonly files: number;
  /** Services are up: what vanishes below it is gone, not lost. */
  readonly mayChange?: boolean;
}

interface CopyOptions {
  readonly key: string;
  readonly tags: readonly string[];
  readonly signal: AbortSignal;
  readonly isFirstPass?: boolean;
  readonly yields?: boolean;
}

function requestFor(
  parts: readonly CopiedPart[],
  parent: string | undefined,
  { tags, isFirstPass = false }: CopyOptions,
): CopyRequest {
  return {
    paths: parts.map(({ path }) => path),
    // What a crash left where a snapshot is made is excluded from the live part, not from its own copy.
    exclude: parts.flatMap(({ path, exclude }) => exclude.filter((excluded) => excluded !== path)),
    ...{ tags, isFirstPass, files: parts.reduce((sum, { files }) => sum + files, 0) },
    ...(parent === undefined ? {} : { parent }),
  };
}

/** Copies parts from where they stand, in one call. */
export async function copyParts(
  world: Pick<CutWorld, 'mover' | 'folder' | 'onProgress'>,
  parts: readonly CopiedPart[],
  parent: string | undefined,
  options: CopyOptions,
): Promise<MadeCopy> {
  const beganAt = performance.now();
  const copy = await world.mover.copy(requestFor(parts, parent, options), {
    folder: world.folder,
    key: options.key,
    signal: options.signal,
    yields: options.yields ?? false,
    ...(world.onProgress ? { onProgress: world.onProgress } : {}),
  });
  const { id, takenAt, files, bytes, addedBytes, vanished = [], unmarked } = copy;
  const lost = vanished.filter(
    (file) => !parts.some(({ path, mayChange }) => mayChange && file.startsWith(`${path}/`)),
  );
  const unreadable = [...copy.unreadable, ...lost];
  const tookMs = Math.round(performance.now() - beganAt);
  return { id, takenAt, files, bytes, addedBytes, unreadable, tookMs, ...(unmarked ? { unmarked } : {}) };
}
