import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { removeClaim } from './bind-claim.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { CLAIM } from './kinds.ts';

/**
 * Makes a claim of ours, or takes the one that stands under its name; one that is on its way out is waited for.
 * @throws OperationError `preflight-failed` when the cluster does not grant that much.
 */
export async function keepClaim(context: KubeContext, claim: V1PersistentVolumeClaim): Promise<void> {
  const { cluster, namespace } = context;
  const { name = '' } = claim.metadata ?? {};
  const standing = await cluster.read(CLAIM, name, namespace);
  if (standing && standing.metadata?.deletionTimestamp === undefined) return;
  if (standing) await removeClaim(context, name, standing.metadata?.uid ?? '');
  try {
    await cluster.create(CLAIM, claim);
  } catch (error) {
    if (isRefusal(error, 'AlreadyExists')) return;
    // A quota says no with `Forbidden`; a missing permission does too, and reads the same to people.
    if (isRefusal(error, 'Forbidden') || isRefusal(error, 'Invalid'))
      throw new OperationError('preflight-failed', `There is no room for ${name}: ${error.message}`, { cause: error });
    throw error;
  }
}
