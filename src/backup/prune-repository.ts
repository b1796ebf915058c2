import type { DataMover } from '../mover/mover.ts';
import type { Story } from '../operation/operation.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import type { PruneOutcome, pruneStory } from './repository-steps.ts';

/**
 * THE STORY of a prune: gives back the space of copies that were dropped, then looks whether every copy that is left can
 * still be put together. No copy is made meanwhile: the workspace is kept to itself, and the repository by its own lock.
 */
export async function pruneRepository(
  { step, ensure, operation, folder }: Story<typeof pruneStory>,
  { platform, mover }: { readonly platform: WorkspacePlatform; readonly mover: DataMover },
): Promise<PruneOutcome> {
  try {
    await step('preflight', async ({ signal }) => {
      await mover.probe();
      await mover.list([], { folder, key: 'list', signal });
    });
    const outcome = await step('prune', ({ signal, progress }) =>
      mover.prune({ folder, key: 'prune', signal, onProgress: progress, yields: true }),
    );
    await step('check', ({ signal }) => mover.check({ folder, key: 'check', signal, yields: true }));
    return outcome;
  } finally {
    await ensure('release', () => platform.release(operation.id));
  }
}
