import { PortError } from '../../../errors.ts';
import type { CallOptions, Offer, Offers } from './control-plane.ts';
import type { Body, Call } from './requests.ts';
import type { OperationName } from './wire.ts';

/**
 * Questions that change nothing. `deleteBackup` is asked without the backup that it requires: to refuse that as bad input it
 * has to be there. None of the other three effects is tried: a workspace could be stopped by a control plane that checks
 * less than it documents, and they came with the same release as `listWorkspaceBackups` and `deleteBackup`, cancellation half
 * a year later.
 */
const PROBES: readonly (readonly [OperationName, Body])[] = [
  ['describeWorkspace', {}],
  ['listWorkspaceBackups', {}],
  ['describeWorkspaceBackup', {}],
  ['getAuditEvents', {}],
  ['getLogs', {}],
  ['getLatestWorkspaceVersion', {}],
  ['deleteBackup', {}],
];

export async function probeOperations(call: Call, options: CallOptions = {}): Promise<Offers> {
  // First, and not caught: an address that is no control plane would seem to lack everything.
  await call('listWorkspaces', {}, options);
  const found = await Promise.all(
    PROBES.map(async ([operation, body]) => [operation, await probe(call, operation, body, options)] as const),
  );
  return {
    ...{ listWorkspaces: 'answers', ...NOT_TRIED },
    ...(Object.fromEntries(found) as Record<(typeof PROBES)[number][0], Offer>),
  };
}

const NOT_TRIED = {
  backupWorkspace: 'unknown',
  restoreWorkspace: 'unknown',
  requestWorkflowCancellation: 'unknown',
} as const;

async function probe(call: Call, operation: OperationName, body: Body, options: CallOptions): Promise<Offer> {
  try {
    await call(operation, body, options);
    return 'answers';
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    switch (error.code) {
      case 'operation-missing':
        return 'missing';
      case 'control-plane-login':
        return 'forbidden';
      // Refused for what it was asked with: it is there.
      case 'control-plane-refused':
      case 'unknown-workspace':
      case 'unknown-backup':
        return 'answers';
      // Nothing was named that it could have deleted.
      case 'answer-lost':
        return 'unknown';
      default:
        throw error;
    }
  }
}
