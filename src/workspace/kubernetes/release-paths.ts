import type { KubeContext } from './context.ts';
import { readEntry } from './displaced.ts';
import { removeInPlaces } from './drop-paths.ts';
import { forgetOwnPaths, type OwnPath, readOwnPaths } from './path-record.ts';

/** Removes the folders of an operation in live volumes, except what was displaced and is kept. */
export async function releasePaths(context: KubeContext, operationId: string): Promise<void> {
  const own = await readOwnPaths(context, operationId);
  if (own.length === 0) return;
  const kept = (await readEntry(context, operationId))?.swap;
  const isKept = ({ at }: OwnPath) => kept?.paths.some((path) => path.at === at) ?? false;
  // What an undo has used up is its own to remove: the operation that displaced it is over.
  const usedUp = kept?.undoes === undefined ? [] : kept.paths.map((path) => ({ ...path, at: folderOf(path.incoming) }));
  const gone = own.map((path) => ({ ...path, gone: isKept(path) ? leftOversOf(path) : [path.at] }));
  const over = usedUp.map((path) => ({ ...path, gone: [path.at] }));
  await removeInPlaces(context, operationId, [...gone, ...over]);
  await forgetOwnPaths(context, operationId);
}

function folderOf(displaced: string): string {
  return displaced.slice(0, displaced.lastIndexOf('/'));
}

function leftOversOf({ at }: OwnPath): string[] {
  return ['stage', 'stage.partial', 'discard', 'put-back'].map((name) => `${at}/${name}`);
}
