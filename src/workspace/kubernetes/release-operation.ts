import { asRestorer, type KubeContext } from './context.ts';
import { dropSnapshots } from './drop-snapshots.ts';
import { endPrograms } from './end-programs.ts';
import { forgetRecord } from './forget-record.ts';
import { forgetInPlace } from './in-place.ts';
import { giveBackReclaim } from './keep-volumes.ts';
import { readLedger } from './ledger.ts';
import { readPages } from './page.ts';
import { releaseScratch } from './scratch.ts';
import { releaseStage } from './stage.ts';
import { forgetTakeOver } from './taken-over.ts';

/**
 * Removes everything that an operation made and that is not needed any more: programs first, since they have the rest
 * mounted. What cannot be removed does not keep the others; the first failure is told in the end.
 */
export async function releaseOperation(context: KubeContext, operationId: string): Promise<void> {
  const works = [
    () => endPrograms(context, operationId),
    () => dropSnapshots(context, operationId),
    () => releaseStage(asRestorer(context), operationId),
    () => releaseScratch(context, operationId),
    () => giveBackUnlessDown(context),
    () => forgetInPlace(context, operationId),
    () => forgetTakeOver(context, operationId),
    () => tellPages(context, operationId),
    () => forgetRecord(context, operationId),
  ];
  const failures: unknown[] = [];
  for (const work of works) await work().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/**
 * What is part of a swap keeps its reclaim policy while services are started: somebody may have started them by hand before
 * the swap was given up.
 */
async function giveBackUnlessDown(context: KubeContext): Promise<void> {
  if ((await readLedger(context)) === undefined) await giveBackReclaim(context);
}

/** What the guard had to say when nobody of us was there is told now. */
async function tellPages(context: KubeContext, operationId: string): Promise<void> {
  for (const told of await readPages(context))
    if (told.operationId === operationId) context.log.error(told, 'the guard had told people');
}
