import { z } from 'zod';
import { PortError } from '../../errors.ts';
import type { MoveOptions, RestoredPlace } from '../mover.ts';
import { WITHOUT_UNCHANGED } from './launch.ts';
import { restoreProgress, restoreSummary } from './output.ts';
import { callRestic, type ResticContext } from './restic.ts';

const item = z.object({ message_type: z.literal('verbose_status'), item: z.string(), size: z.number().default(0) });

interface ContentQuestion {
  readonly copyId: string;
  readonly place: RestoredPlace;
  /** Patterns of what is read, below the place. Absent: all of it. */
  readonly only?: readonly string[] | undefined;
}

const included = (patterns: readonly string[]) => patterns.flatMap((pattern) => ['--include', pattern]);

/**
 * Reads every file on the disk once more and compares it with the hashes that the copy's tree holds: a restore that would
 * overwrite whatever differs, and only says so. It reads nothing of the data in the repository, which the restore has just
 * read. Takes what hashing the bytes takes, 5 to 15 % of the restore (mover-perf.md: 400-700 MB/s on one core). Answers the
 * paths of files that differ, below the place.
 */
export async function compareContent(
  context: ResticContext,
  { copyId, place, only = [] }: ContentQuestion,
  options: MoveOptions,
): Promise<string[]> {
  const { pathInCopy, path } = place;
  const differing: string[] = [];
  let summary: z.infer<typeof restoreSummary> | undefined;
  const whatToDo = ['--dry-run', '--overwrite', 'always', '-vv'];
  await callRestic(context, {
    args: ['restore', '--json', `${copyId}:${pathInCopy}`, ...whatToDo, ...included(only), '--target', path],
    options,
    around: WITHOUT_UNCHANGED,
    places: [{ path, access: 'read' }],
    waitsForLock: true,
    adoptable: true,
    onMessage: (message) => {
      const progress = restoreProgress(message);
      if (progress) options.onProgress?.(progress);
      summary = restoreSummary.safeParse(message).data ?? summary;
      // Folders and the like are told every time, and without a size.
      const told = item.safeParse(message).data;
      if (told && told.size > 0) differing.push(told.item);
    },
  });
  if (!summary || (summary.bytes_restored > 0 && differing.length === 0)) {
    throw new PortError('mover-unavailable', 'restic ended without saying what it compared', { retryable: true });
  }
  return differing;
}
