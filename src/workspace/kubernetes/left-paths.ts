import type { KubeContext } from './context.ts';
import { readEntries } from './displaced.ts';
import type { FoundPart } from './found.ts';
import { recordsOf } from './ledger.ts';
import { placePath } from './names.ts';
import { type OwnPath, readOwnPaths } from './path-record.ts';

/** The same parts without what restores of single paths keep in them: no backup takes that along, no count counts it. */
export async function withoutLeftPaths(context: KubeContext, parts: readonly FoundPart[]): Promise<FoundPart[]> {
  const operations = await recordsOf(context).having('paths');
  const staged = await Promise.all(operations.map((operationId) => readOwnPaths(context, operationId)));
  const kept = (await readEntries(context)).flatMap(({ swap }) => swap.paths);
  const left = [...staged.flat(), ...kept];
  return left.length === 0
    ? [...parts]
    : parts.map((part) => ({ ...part, exclude: [...part.exclude, ...of(part, left)] }));
}

function of({ name }: FoundPart, left: readonly OwnPath[]): string[] {
  const folders = left.filter(({ part }) => part === name).map(({ at, root }) => at.slice(root.length));
  return [...new Set(folders)].flatMap((below) =>
    (['live', 'snapshot'] as const).map((life) => `${placePath({ life, part: name })}${below}`),
  );
}
