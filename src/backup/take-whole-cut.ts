import { OperationError } from '../errors.ts';
import { together } from '../operation/together.ts';
import type { BackupPlan } from '../records/plan.ts';
import type { Quiet } from '../workspace/platform.ts';
import type { Cut, MadeCopy } from './backup-steps.ts';
import { partsCopiedInCut } from './plan-backup.ts';
import { type CutWorld, copyDelta } from './take-cut.ts';

/**
 * The cut where the platform stops and starts services for it by itself. What it cannot take is copied beside it, in the time
 * in which services are down; where nobody can prove that they were, the copy is called approximate, with the reason.
 * Every later life follows to its end what an earlier one began.
 */
export async function takeWholeCut(
  plan: BackupPlan,
  quiet: Quiet,
  warm: MadeCopy | undefined,
  world: CutWorld,
): Promise<Cut> {
  const { platform, operationId, signal, onProgress } = world;
  const [snapshots, beside] = await together(signal, [
    (either) => platform.snapshot(operationId, plan, quiet, { signal: either, ...(onProgress ? { onProgress } : {}) }),
    (either) => copyBeside(plan, quiet, warm, { ...world, signal: either }),
  ] as const);
  const kept = snapshots.find((one) => one.kept);
  const takenAt = beside?.takenAt ?? kept?.takenAt ?? world.now().toISOString();
  return { quiet, snapshots, takenAt, ...beside };
}

async function copyBeside(
  plan: BackupPlan,
  quiet: Quiet,
  warm: MadeCopy | undefined,
  world: CutWorld,
): Promise<Pick<Cut, 'takenAt' | 'delta' | 'approximate'> | undefined> {
  const { platform, signal } = world;
  const copied = partsCopiedInCut(plan.parts);
  if (copied.length === 0) return undefined;
  const still = platform.awaitStill ? await platform.awaitStill(quiet, { signal }) : { unproven: 'nobody can look' };
  const takenAt = world.now().toISOString();
  const mayChange = still.unproven !== undefined;
  const delta = await copyDelta(
    plan,
    copied.map((part) => ({ ...part, mayChange })),
    warm,
    world,
  );
  const approximate = still.unproven ?? (await whyNotStill(plan, quiet, world));
  return { takenAt, delta, ...(approximate === undefined ? {} : { approximate }) };
}

/** Looked at once more after the last file was read: services come up again when the platform is done, not when we are. */
async function whyNotStill(plan: BackupPlan, quiet: Quiet, { platform }: CutWorld): Promise<string | undefined> {
  try {
    await platform.proveQuiet(quiet, partsCopiedInCut(plan.parts));
    return undefined;
  } catch (error) {
    if (error instanceof OperationError && error.code === 'not-quiet') return error.message.replace(/\.$/, '');
    throw error;
  }
}
