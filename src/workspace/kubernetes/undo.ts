import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { type DisplacedEntry, displacedPath, isKeptWhole, readEntries } from './displaced.ts';
import { placeOf } from './names.ts';

/** What an earlier operation displaced, as staged places of another one; looks only. */
export async function stageDisplaced(context: KubeContext, fromOperationId: string): Promise<StagedPart[]> {
  const entry = (await readEntries(context)).find(({ operationId }) => operationId === fromOperationId);
  if (!entry || entry.isDropping || !(await isKeptWhole(context, entry))) throw notKept(fromOperationId);
  return entry.swap.parts.map(({ part }) => ({ part, path: displacedPath(fromOperationId, part), isRoot: true }));
}

/** The entry that staged places were offered from, if they were. */
export async function entryOffering(
  context: KubeContext,
  staged: readonly StagedPart[],
): Promise<DisplacedEntry | undefined> {
  const places = staged.flatMap(({ path }) => placeOf(path)?.place ?? []).filter(({ life }) => life === 'displaced');
  const [first] = places;
  if (first?.operationId === undefined) return undefined;
  const entry = (await readEntries(context)).find(({ operationId }) => operationId === first.operationId);
  if (!entry || entry.isDropping) throw notKept(first.operationId);
  const isAll = staged.length === entry.swap.parts.length && staged.every(({ path }) => entry.places.includes(path));
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
