import { OperationError } from '../errors.ts';
import type { ContentShare, DataMover, MoveOptions } from '../mover/mover.ts';
import type { Backup } from '../records/backup.ts';
import type { CopiedPart } from '../records/part.ts';
import type { StagedPart } from '../workspace/swaps.ts';

const MOST_NAMED = 3;

interface CompareWorld {
  /** What of the content is read this time. Absent: all of it. */
  readonly share?: ContentShare | undefined;
  readonly mover: DataMover;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Compares what came back with the copies it came from, one comparison for each copy. Paths that could not be read when the
 * backup was made are in no copy, so they are not asked for.
 * @throws OperationError `copy-not-proven` naming the first differences.
 */
export async function compareScratch(
  backup: Pick<Backup, 'id'> & { readonly parts: readonly CopiedPart[] },
  scratch: readonly StagedPart[],
  { mover, folder, signal, share }: CompareWorld,
  onProgress: NonNullable<MoveOptions['onProgress']>,
): Promise<{ entries: number }> {
  let entries = 0;
  for (const [at, copyId] of [...new Set(backup.parts.map((part) => part.copyId))].entries()) {
    const places = backup.parts.filter((part) => part.copyId === copyId).map((part) => placeOf(part, scratch));
    const options = { folder, key: `compare-${at}`, signal, onProgress, share, yields: true };
    const compared = await mover.compare(copyId, places, options);
    if (compared.differences.length > 0) throw differs(backup, compared.differences);
    entries += compared.entries;
  }
  return { entries };
}

function placeOf({ name, pathInCopy }: CopiedPart, scratch: readonly StagedPart[]) {
  const place = scratch.find(({ part }) => part === name);
  if (!place) throw new OperationError('stage-not-proven', `"${name}" has no scratch place.`);
  return { pathInCopy, path: place.path };
}

function differs({ id }: Pick<Backup, 'id'>, differences: readonly string[]): OperationError {
  const more = differences.length > MOST_NAMED ? '; and more' : '';
  return new OperationError(
    'copy-not-proven',
    `What came back of ${id} is not what its copy holds: ${differences.slice(0, MOST_NAMED).join('; ')}${more}.`,
    { hint: 'Check the disk that it was brought back to, then the repository, and verify again.' },
  );
}
