import { PortError } from '../../errors.ts';
import type { Copy, MoveOptions } from '../mover.ts';
import { copyList, toMoment } from './output.ts';
import { callRestic, type ResticContext } from './restic.ts';

/** Takes a lock and does not wait for it: this is also how a held repository is noticed before anyone is disturbed. */
export async function list(context: ResticContext, tags: readonly string[], options: MoveOptions): Promise<Copy[]> {
  const copies: Copy[] = [];
  let isAnswered = false;
  await callRestic(context, {
    args: ['snapshots', '--json', '--host', context.workspace, ...tags.flatMap((tag) => ['--tag', tag])],
    options,
    onMessage: (message) => {
      const answer = copyList.safeParse(message);
      isAnswered ||= answer.success;
      for (const found of answer.data ?? []) {
        copies.push({
          id: found.id,
          takenAt: toMoment(found.time),
          paths: found.paths,
          tags: found.tags ?? [],
          files: found.summary?.total_files_processed ?? 0,
          bytes: found.summary?.total_bytes_processed ?? 0,
          addedBytes: found.summary?.data_added_packed ?? found.summary?.data_added ?? 0,
        });
      }
    },
  });
  // No answer is not "no copies": what stands on it would take every copy for lost, or for never made.
  if (!isAnswered) {
    throw new PortError('mover-unavailable', 'restic ended without saying which copies there are', { retryable: true });
  }
  return copies.sort((one, other) => Date.parse(one.takenAt) - Date.parse(other.takenAt));
}
