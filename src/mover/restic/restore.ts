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

const NOT_A_FOLDER = /not a directory/i;

/**
 * Restores a folder's content, or one file, into `target`, and answers what stands there then: everything that is not a
 * directory, and the bytes of regular files, counted on the disk and not taken from restic's account (which counts
 * directories, and hard links once). The folder's own owner, mode and times are not restored by restic: whoever makes
 * the target gives it those.
 */
export async function restore(
  context: ResticContext,
  copyId: string,
  pathInCopy: string,
  target: string,
  options: MoveOptions,
): Promise<Arrived> {
  const call = (args: string[], key: string) => restoreInto(context, target, args, { ...options, key });
  try {
    return await call([`${copyId}:${pathInCopy}`], options.key);
  } catch (error) {
    const said = error instanceof PortError && error.cause instanceof Error ? error.cause.message : '';
    if (!NOT_A_FOLDER.test(said)) throw error;
    const only = `/${basename(pathInCopy).replace(/[\\*?[\]]/g, '\\$&')}`;
    return await call([`${copyId}:${dirname(pathInCopy)}`, '--include', only], `${options.key}-file`);
  }
}

async function restoreInto(
  context: ResticContext,
  target: string,
  args: string[],
  options: MoveOptions,
): Promise<Arrived> {
  let summary: Summary | undefined;
  let arrived: Arrived | undefined;
  await callRestic(context, {
    args: ['restore', '--json', ...args, '--target', target],
    options,
    waitsForLock: true,
    adoptable: true,
    countIn: target,
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
