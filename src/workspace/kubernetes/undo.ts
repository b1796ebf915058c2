import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import { type DisplacedEntry, isKeptWhole, placesOf, readEntries } from './displaced.ts';
import { placeOf } from './names.ts';
import { arePathsKept } from './swap-paths.ts';

/** What an earlier operation displaced, as staged places of another one; looks only. */
export async function stageDisplaced(
  context: KubeContext,
  operationId: string,
  fromOperationId: string,
): Promise<StagedPart[]> {
  const entry = (await readEntries(context)).find(({ operationId }) => operationId === fromOperationId);
  if (!entry || entry.isDropping || !(await isKeptWhole(context, entry))) throw notKept(fromOperationId);
  const { parts, paths } = entry.swap;
  if (paths.length > 0) {
    const { whole, changes } = await arePathsKept(context, operationId, paths);
    if (!whole || (parts.length === 0 && !changes)) throw notKept(fromOperationId);
  }
  return placesOf(entry);
}

/** The entry that staged places were offered from, if they were. */
export async function entryOffering(
  context: KubeContext,
  staged: readonly StagedPart[],
): Promise<DisplacedEntry | undefined> {
  const holds = (entry: DisplacedEntry, path: string) => placesOf(entry).some((place) => place.path === path);
  const entry = (await readEntries(context)).find((one) => staged.some(({ path }) => holds(one, path)));
  const gone = staged.flatMap(({ path }) => placeOf(path)?.place ?? []).find(({ life }) => life === 'displaced');
  if (entry === undefined && gone === undefined) return undefined;
  if (!entry || entry.isDropping) throw notKept(entry?.operationId ?? gone?.operationId ?? '');
  const isAll = staged.length === placesOf(entry).length && staged.every(({ path }) => holds(entry, path));
  if (isAll) return entry;
  throw new OperationError(
    'swap-failed',
    `an undo brings in all that ${entry.operationId} displaced, and nothing else`,
  );
}

function notKept(operationId: string): OperationError {
  return new OperationError('part-missing', `what ${operationId} displaced is not kept any more`, {
    hint: 'restore a backup instead: cml list',
  });
}
