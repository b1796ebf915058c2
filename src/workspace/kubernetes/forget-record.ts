import type { KubeContext } from './context.ts';
import { CONFIG_MAP } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { LABELS, OURS } from './names.ts';

/** Sections that others, or a later life, still need. */
const NEEDED = ['note', 'swap', 'displaced', 'in-place', 'paths'];

/**
 * Forgets what an operation that has ended wrote down: all of it, in one write, when nothing needed is left besides
 * `section`, else that section alone.
 */
export async function forgetRecord(context: KubeContext, operationId: string, section?: string): Promise<void> {
  const { cluster, namespace, workspace } = context;
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId},${LABELS.role}=record`;
  const [record] = await cluster.list(CONFIG_MAP, { namespace, labels });
  if (record === undefined) return;
  const isNeeded = NEEDED.some((name) => name !== section && record.data?.[name] !== undefined);
  if (!isNeeded) await recordsOf(context).forget(operationId);
  else if (section !== undefined) await recordsOf(context).forget(operationId, section);
}
