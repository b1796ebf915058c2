import { basename, dirname } from 'node:path';
import type { z } from 'zod';
import { PortError } from '../../errors.ts';
import type { MoveOptions } from '../mover.ts';
import { arrivedCount, restoreProgress, restoreSummary } from './output.ts';
import { callRestic, type ResticContext } from './restic.ts';

type Summary = z.infer<typeof restoreSummary>;
interface Arrived {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Restores what stands at a path as `target`, with its own owner, mode, times, attributes and ACL: restic restores those of
 * everything below the folder it is pointed at, but not of that folder, so it is pointed at the parent and told to include
 * this one name. It arrives in `<target>.partial` and is moved into place when whole. Answers what stands there then:
 * everything that is not a directory, and the bytes of regular files, counted on the disk and not taken from restic's
 * account (which counts directories, and hard links once).
 */
export async function restore(
  context: ResticContext,
  copyId: string,
  pathInCopy: string,
  target: string,
  options: MoveOptions,
): Promise<Arrived> {
  const name = basename(pathInCopy);
  let summary: Summary | undefined;
  let arrived: Arrived | undefined;
  await callRestic(context, {
    args: [
      'restore',
      '--json',
      // Else a sparse file comes back with its holes filled, and may not fit any more.
      '--sparse',
      `${copyId}:${dirname(pathInCopy)}`,
      '--include',
      // An include is a pattern: the name is meant as it is.
      `/${name.replace(/[\\*?[\]]/g, '\\$&')}`,
      '--target',
      `${target}.partial`,
    ],
    options,
    waitsForLock: true,
    adoptable: true,
    arrival: { target, name },
    onMessage: (message) => {
      const progress = restoreProgress(message);
      if (progress) options.onProgress?.(progress);
      summary = restoreSummary.safeParse(message).data ?? summary;
      arrived = arrivedCount.safeParse(message).data ?? arrived;
    },
  });
  if (!summary || !arrived) {
    throw new PortError('mover-unavailable', 'restic ended without saying what it restored', { retryable: true });
  }
  assertComplete(summary);
  return { files: arrived.files, bytes: arrived.bytes };
}

function assertComplete(summary: Summary): void {
  const files = summary.files_restored + summary.files_skipped;
  const bytes = summary.bytes_restored + summary.bytes_skipped;
  if (files === summary.total_files && bytes === summary.total_bytes) return;
  throw new PortError(
    'mover-unavailable',
    `restic restored ${files} of ${summary.total_files} entries and ${bytes} of ${summary.total_bytes} bytes`,
  );
}
