import { OperationError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import { allOf, byPart, runOnPart } from './path-jobs.ts';
import type { OwnPath } from './path-record.ts';
import { REMOVE } from './path-scripts.ts';
import { dropShares } from './shares.ts';

/** Removes what an operation displaced for good. Where its volume is gone there is nothing left to remove. */
export async function dropPaths(context: KubeContext, operationId: string, paths: readonly OwnPath[]): Promise<void> {
  await removeInPlaces(
    context,
    operationId,
    paths.map((path) => ({ ...path, gone: [path.at] })),
  );
}

export async function removeInPlaces(
  context: KubeContext,
  operationId: string,
  paths: readonly (OwnPath & { readonly gone: readonly string[] })[],
): Promise<void> {
  if (paths.length === 0) return;
  const program = { key: 'drop-paths', script: REMOVE, fresh: true, refused: 'swap-failed' } as const;
  await allOf(
    byPart(paths).map(async ([part, here]) => {
      const args = here.map(({ gone }) => gone);
      await runOnPart(context, operationId, part, program, args).catch((error: unknown) => {
        if (!(error instanceof OperationError) || error.code !== 'part-missing') throw error;
        context.log.warn({ part: part.part }, 'a part is gone, and with it what was displaced in it');
      });
    }),
  );
  await dropShares(context, operationId);
}
