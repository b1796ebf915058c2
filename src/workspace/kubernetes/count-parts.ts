import type { V1Pod } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { unlessForbidden } from './unless-forbidden.ts';
import { countByWalk, readStatistics, type Usage, type Walker } from './usage.ts';

export interface CountWish {
  readonly count?: boolean;
  readonly since?: string;
  readonly walker?: Walker;
  readonly signal?: AbortSignal;
  readonly pods: readonly V1Pod[];
  /** Parts whose free bytes are asked for even when nothing is counted. */
  readonly needRoom: readonly FoundPart[];
}

export interface Counted {
  readonly usage: ReadonlyMap<string, Usage>;
  readonly warnings: readonly string[];
}

/** By the statistics of nodes where those are the part's own; else, and for what was written since, by a walk. */
export async function countParts(context: KubeContext, parts: readonly FoundPart[], wish: CountWish): Promise<Counted> {
  const statistics = await readStatistics(context, wish.count ? parts : wish.needRoom, wish.pods);
  const usage = new Map<string, Usage>(statistics);
  const { walker, since, signal } = wish;
  const warnings: string[] = [];
  await Promise.all(
    parts.map(async (part) => {
      const known = statistics.get(part.name);
      const isUnknown = wish.count === true && known?.isExact !== true;
      if (!isUnknown && since === undefined) return;
      if (walker === undefined) {
        if (isUnknown) warnings.push(notCounted(part, known));
        return;
      }
      const walked = await unlessForbidden(countByWalk(walker, part, since, signal));
      if (walked === undefined) {
        warnings.push(`${part.name} was not counted: we may make no volume of our own to look into it.`);
        return;
      }
      usage.set(part.name, { ...known, ...walked });
      const { unreadable = [] } = walked;
      if (unreadable.length > 0)
        warnings.push(
          `${part.name} was not counted whole; ${unreadable.length} places could not be read, such as ${unreadable[0]}.`,
        );
    }),
  );
  return { usage, warnings: warnings.sort() };
}

function notCounted({ name }: FoundPart, known: Usage | undefined): string {
  if (known === undefined) return `${name} was not counted: no running pod has it mounted.`;
  return `${name} was not counted: its numbers are those of the file system that it lies on.`;
}
