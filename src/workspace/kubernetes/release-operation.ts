import type { KubeContext } from './context.ts';
import { dropSnapshots } from './drop-snapshots.ts';
import { endPrograms } from './end-programs.ts';
import { forgetInPlace } from './in-place.ts';
import { CONFIG_MAP } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { LABELS, OURS } from './names.ts';
import { readPages } from './page.ts';
import { releaseScratch } from './scratch.ts';
import { releaseStage } from './stage.ts';
import { forgetTakeOver } from './taken-over.ts';

/** Sections that stand while something of the operation is open; then all others may be needed too. */
const OPEN = ['note', 'swap', 'in-place'];

/**
 * Removes everything that an operation made and that is not needed any more: programs first, since they have the rest
 * mounted. What cannot be removed does not keep the others; the first failure is told in the end.
 */
export async function releaseOperation(context: KubeContext, operationId: string): Promise<void> {
  const works = [
    () => endPrograms(context, operationId),
    () => dropSnapshots(context, operationId),
    () => releaseStage(context, operationId),
    () => releaseScratch(context, operationId),
    () => forgetInPlace(context, operationId),
    () => forgetTakeOver(context, operationId),
    () => forgetRecord(context, operationId),
  ];
  const failures: unknown[] = [];
  for (const work of works) await work().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** All but what people may still want back. What the guard had to say when nobody of us was there is told now. */
async function forgetRecord(context: KubeContext, operationId: string): Promise<void> {
  const { cluster, namespace, workspace, log } = context;
  for (const told of await readPages(context))
    if (told.operationId === operationId) log.error(told, 'the guard had told people');
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId},${LABELS.role}=record`;
  const [record] = await cluster.list(CONFIG_MAP, { namespace, labels });
  const sections = Object.keys(record?.data ?? {});
  if (record === undefined || sections.some((section) => OPEN.includes(section))) return;
  if (!sections.includes('displaced')) return recordsOf(context).forget(operationId);
  for (const section of sections.filter((one) => one !== 'displaced'))
    await recordsOf(context).forget(operationId, section);
}
