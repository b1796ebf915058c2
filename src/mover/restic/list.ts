import type { Copy, MoveOptions } from '../mover.ts';
import { copyList, toMoment } from './output.ts';
import { callRestic, type ResticContext } from './restic.ts';

/** Takes a lock and does not wait for it: this is also how a held repository is noticed before anyone is disturbed. */
export async function list(context: ResticContext, tags: readonly string[], options: MoveOptions): Promise<Copy[]> {
  const copies: Copy[] = [];
  await callRestic(context, {
    args: ['snapshots', '--json', '--host', context.workspace, ...tags.flatMap((tag) => ['--tag', tag])],
    options,
    onMessage: (message) => {
      for (const found of copyList.safeParse(message).data ?? []) {
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
  return copies.sort((one, other) => Date.parse(one.takenAt) - Date.parse(other.takenAt));
}
