import { OperationError } from '../../errors.ts';
import type { StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { allOf, byPart, runOnPart } from './path-jobs.ts';
import { type OwnPath, ownPathOf, stageOf, writeOwnPaths } from './path-record.ts';
import { STAGE_PATHS } from './path-scripts.ts';

/** A wish for a path, with where it stands among all. */
export interface PathWish {
  readonly part: FoundPart;
  readonly within: string;
  readonly is: 'folder' | 'file';
  readonly bytes: number;
  readonly position: number;
}

/** Why no single path of a part can be brought in; undefined where it can. */
export function whyNotWithin({ name, claim, backing }: FoundPart): string | undefined {
  const { accessModes = [], volumeMode } = (backing?.claim ?? claim).spec ?? {};
  if (volumeMode === 'Block') return `${name} is a bare device without files`;
  if (accessModes.every((mode) => mode === 'ReadWriteOncePod'))
    return `only one pod at a time may have ${name} (ReadWriteOncePod), and nothing can be built in it while services run`;
  if (accessModes.every((mode) => mode === 'ReadOnlyMany')) return `${name} may only be read`;
  return undefined;
}

/**
 * An empty place for each path, in the live volume itself, made by a Job while services run.
 * @throws OperationError `preflight-failed` for a path whose folder is not there, that leaves its part, or that does not fit.
 */
export async function stagePaths(
  context: KubeContext,
  operationId: string,
  wishes: readonly PathWish[],
): Promise<StagedPart[]> {
  for (const { part, within } of wishes) {
    const why = whyNotPlain(part.name, within) ?? whyNotWithin(part);
    if (why !== undefined) throw cannotStage(`${part.name}/${within}`, why);
  }
  const own = wishes.map(({ part, within, position }) => ownPathOf(operationId, part, within, position));
  await writeOwnPaths(context, operationId, own);
  const asked = own.map((path, at) => ({ ...path, wish: wishes[at] as PathWish }));
  await allOf(
    byPart(asked).map(async ([part, paths]) => {
      const bytes = paths.reduce((sum, { wish }) => sum + wish.bytes, 0);
      const args = paths.map(({ root, within, at, wish }) => [root, within, at, wish.is]);
      const first = [`${bytes}`];
      const program = { key: 'stage-paths', script: STAGE_PATHS, first, refused: 'preflight-failed' } as const;
      refuseNested(paths, await runOnPart(context, operationId, part, program, args));
    }),
  );
  return own.map((path, at) => {
    const { part, within } = path;
    return { part, within, is: wishes[at]?.is ?? 'folder', path: stageOf(path) };
  });
}

/** It was typed by people. */
function whyNotPlain(part: string, within: string): string | undefined {
  const isPlain = !/[\0\n]/.test(within) && within.split('/').every((step) => !['', '.', '..'].includes(step));
  return isPlain
    ? undefined
    : `it is not a path within ${part}; write it as it is called below the part: models/latest`;
}

/** By where they really lie: two names may lead to one place. */
function refuseNested(paths: readonly OwnPath[], targets: readonly string[]): void {
  for (const [at, target] of targets.entries()) {
    const outer = targets.findIndex((other, index) => index !== at && `${target}/`.startsWith(`${other}/`));
    if (outer >= 0)
      throw cannotStage(paths[at]?.within ?? target, `it lies inside ${paths[outer]?.within}, which comes back too`);
  }
}

function cannotStage(what: string, why: string): OperationError {
  return new OperationError('preflight-failed', `${what} cannot be built beside the live data: ${why}`, {
    hint: 'nothing was changed',
  });
}
