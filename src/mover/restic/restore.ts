import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { PortError } from '../../errors.ts';
import type { RestoreOptions } from '../mover.ts';
import { type Around, type Arrival, BESIDE, IN_PLACE, IN_PLACE_EMPTIED, RESERVED } from './launch.ts';
import { arrivedCount, restoreProgress, restoreSummary } from './output.ts';
import { type Call, callRestic, literal, type ResticContext } from './restic.ts';

type Summary = z.infer<typeof restoreSummary>;
interface Arrived {
  readonly files: number;
  readonly bytes: number;
}

const FOLDER_IN_THE_WAY = /directory not empty/i;

/**
 * Answers what stands in the target in the end: everything that is not a directory, and the bytes of regular files, counted
 * on the disk and not taken from restic's account (which counts directories, and hard links once).
 */
export async function restore(
  context: ResticContext,
  copyId: string,
  pathInCopy: string,
  target: string,
  options: RestoreOptions,
): Promise<Arrived> {
  const arrival: Arrival = {
    target,
    name: basename(pathInCopy),
    source: `${copyId}:${dirname(pathInCopy)}`,
    pattern: `/${literal(basename(pathInCopy))}`,
    look: join(context.cacheFolder, `look-${basename(options.folder)}-${options.key}`),
  };
  let summary: Summary | undefined;
  let arrived: Arrived | undefined;
  const call = (around: Around, args: readonly string[], key = options.key): Call => ({
    ...{ around, args, arrival },
    options: { ...options, key },
    places: [{ path: target, access: 'write' }],
    waitsForLock: true,
    adoptable: true,
    onMessage: (message) => {
      const progress = restoreProgress(message);
      if (progress) options.onProgress?.(progress);
      summary = restoreSummary.safeParse(message).data ?? summary;
      arrived = arrivedCount.safeParse(message).data ?? arrived;
    },
  });
  if (options.inPlace) await restoreInPlace(context, argumentsInPlace(copyId, pathInCopy), call);
  else await callRestic(context, call(BESIDE, argumentsBeside(arrival)));
  if (!summary || !arrived) {
    throw new PortError('mover-unavailable', 'restic ended without saying what it restored', { retryable: true });
  }
  assertComplete(summary);
  return { files: arrived.files, bytes: arrived.bytes };
}

/** Else a sparse file comes back with its holes filled, and may not fit any more. */
const SPARSE = '--sparse';

/**
 * Restored into `<target>.partial` and moved into place when whole. restic gives everything its owner, mode, times,
 * attributes and ACL except the folder it is pointed at, so it is pointed at the parent and told to include this one name.
 */
function argumentsBeside({ source, pattern, target }: Arrival): string[] {
  return ['restore', '--json', SPARSE, source, '--include', pattern, '--target', `${target}.partial`];
}

/** `always` compares every file by its content; `if-changed` would trust size and time. The script adds the target. */
function argumentsInPlace(copyId: string, pathInCopy: string): string[] {
  const leftAlone = ['--exclude', `/${RESERVED}*`];
  return ['restore', '--json', SPARSE, `${copyId}:${pathInCopy}`, '--overwrite', 'always', '--delete', ...leftAlone];
}

/** restic replaces a folder that is not empty by a file, but by nothing else: then what stands there goes first. */
async function restoreInPlace(
  context: ResticContext,
  args: readonly string[],
  call: (around: Around, args: readonly string[], key?: string) => Call,
): Promise<void> {
  const first = call(IN_PLACE, args);
  try {
    await callRestic(context, first);
  } catch (error) {
    if (error instanceof PortError && error.code === 'disk-full') {
      // restic writes before it removes what is too much: the first call has made the room that the second one needs.
      await callRestic(context, call(IN_PLACE, args, `${first.options.key}-again`));
      return;
    }
    const said = error instanceof PortError && error.cause instanceof Error ? error.cause.message : '';
    if (!FOLDER_IN_THE_WAY.test(said)) throw error;
    await callRestic(context, call(IN_PLACE_EMPTIED, args, `${first.options.key}-emptied`));
  }
}

/** What restic passes over, because it is there already, is in no total. */
function assertComplete({ total_files, files_restored, total_bytes, bytes_restored }: Summary): void {
  if (files_restored === total_files && bytes_restored === total_bytes) return;
  throw new PortError(
    'mover-unavailable',
    `restic restored ${files_restored} of ${total_files} entries and ${bytes_restored} of ${total_bytes} bytes`,
  );
}
