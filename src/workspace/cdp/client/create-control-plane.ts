import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { createConnection } from './connection.ts';
import type { ControlPlane } from './control-plane.ts';
import { type Environment, readCredentials } from './credentials.ts';
import { describeBackup } from './describe-backup.ts';
import { probeOperations } from './probe-operations.ts';
import { type Body, createCall, type Patience, USUAL_PATIENCE } from './requests.ts';
import type { ControlPlaneSettings } from './settings.ts';

export interface ControlPlanePorts {
  /** What `credentials` may name variables of; handed in, because only the configuration reads it. */
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience?: Patience;
}

export function createControlPlane(settings: ControlPlaneSettings, ports: ControlPlanePorts): ControlPlane {
  const { endpoint, caFile, requestWithin } = settings;
  const call = createCall({
    ...{ endpoint, clock: ports.clock, log: ports.log, patience: ports.patience ?? USUAL_PATIENCE },
    send: createConnection({ caFile, withinMs: requestWithin }),
    credentials: () => readCredentials(settings.credentials, ports.environment),
  });
  /** Their type promises more than what goes out as JSON needs. */
  const body = (order: object): Body => ({ ...order });

  return {
    listWorkspaces: async (options) => (await call('listWorkspaces', {}, options)).workspaces,
    describeWorkspace: async (key, options) => (await call('describeWorkspace', body(key), options)).workspace,
    listWorkspaceBackups: async (key, options) => (await call('listWorkspaceBackups', body(key), options)).backups,
    describeWorkspaceBackup: (backupCrn, options) => describeBackup(call, backupCrn, options),
    getAuditEvents: async (resourceCrn, options) =>
      (await call('getAuditEvents', { resourceCrn }, options)).auditEvents?.events ?? [],
    getLogs: async (requestID, options) =>
      (await call('getLogs', { requestID, fetchAll: true }, options)).auditLogs?.logs ?? [],
    getLatestWorkspaceVersion: async (options) => (await call('getLatestWorkspaceVersion', {}, options)).version,
    backupWorkspace: (order, options) => call('backupWorkspace', body(order), options),
    restoreWorkspace: (order, options) => call('restoreWorkspace', body(order), options),
    deleteBackup: (backupCrn, options) => call('deleteBackup', { backupCrn }, options),
    requestWorkflowCancellation: async (order, options) =>
      (await call('requestWorkflowCancellation', body(order), options)).workflowMetadata,
    probeOperations: (options) => probeOperations(call, options),
  };
}
