import { z } from 'zod';

/*
 * What the control plane answers. It may be newer than we are: fields that we do not know are kept, a field of another
 * kind than we expect counts as absent, and only what we cannot do without has to be there.
 * Source: the vendor's command line client 0.9.158, model of the service `ml`.
 */

const text = z.string().optional().catch(undefined);
const yes = z.boolean().optional().catch(undefined);
/** 64-bit numbers may be written as text. */
const count = z.coerce.number().optional().catch(undefined);
const sentences = z.array(z.string()).catch([]).default([]);

/** An opaque name; all that is promised of it is how it begins. */
const crn = z.string().regex(/^crn:/, 'a name of the control plane begins with crn:');

/** What a workspace itself tells of its backups. */
export const backupMetadata = z.looseObject({
  backupVaultName: text,
  lastSuccessfulBackupTime: text,
  isSuccessfulBackupAvailable: yes,
  lastBackupStatus: text,
  numberOfAvailableBackups: count,
});

export const workspace = z.looseObject({
  crn,
  instanceName: text,
  environmentName: text,
  environmentCrn: text,
  /** Read it with `readState`. */
  instanceStatus: text,
  instanceUrl: text,
  k8sClusterName: text,
  creatorCrn: text,
  version: text,
  httpsEnabled: yes,
  filesystemID: text,
  nfsVersion: text,
  cloudPlatform: text,
  creationDate: text,
  failureMessage: text,
  upgradeState: z.looseObject({ state: text, reason: text }).optional().catch(undefined),
  backupMetadata: backupMetadata.optional().catch(undefined),
  isPrivate: yes,
  isRestored: yes,
  upgradeType: text,
});
export type VendorWorkspace = z.infer<typeof workspace>;

/** One entry of the vendor's catalog. It has neither size nor length of time nor a reason for a failure. */
export const vendorBackup = z.looseObject({
  backupCrn: crn,
  backupName: text,
  createdAt: text,
  creatorCrn: text,
  workspaceVersionAtBackup: text,
  /** No list of its words is published: read it with `readState`. */
  backupStatus: text,
});
export type VendorBackup = z.infer<typeof vendorBackup>;

export const describedBackup = vendorBackup.extend({
  isCrossNsBackup: yes,
  instanceGroups: z.array(z.looseObject({})).optional().catch(undefined),
});
export type DescribedBackup = z.infer<typeof describedBackup>;

const workflow = z.looseObject({
  resourceId: text,
  workflowIndex: count,
  workflowType: text,
  workflowId: text,
  lastKnownStatus: text,
});
export type Workflow = z.infer<typeof workflow>;

const auditEvent = z.looseObject({
  workspaceCrn: text,
  userCrn: text,
  /** What `getLogs` asks for. */
  requestID: text,
  action: text,
  createdDate: text,
});
export type AuditEvent = z.infer<typeof auditEvent>;

const logLine = z.looseObject({ createdDate: text, log: text });
export type LogLine = z.infer<typeof logLine>;

/** Answers by operation. A list that is not there is empty: servers of this kind leave empty lists out. */
export const answers = {
  listWorkspaces: z.looseObject({ workspaces: z.array(workspace).default([]) }),
  describeWorkspace: z.looseObject({ workspace }),
  backupWorkspace: z.looseObject({ backupCrn: crn, vaultName: text, warnings: sentences }),
  describeWorkspaceBackup: describedBackup,
  listWorkspaceBackups: z.looseObject({ backups: z.array(vendorBackup).default([]) }),
  deleteBackup: z.looseObject({ workflowId: text }),
  restoreWorkspace: z.looseObject({ workspaceCrn: text, warnings: sentences }),
  requestWorkflowCancellation: z.looseObject({ workflowMetadata: z.array(workflow).catch([]).default([]) }),
  getAuditEvents: z.looseObject({
    auditEvents: z.looseObject({ events: z.array(auditEvent).default([]) }).optional(),
  }),
  getLogs: z.looseObject({
    auditLogs: z.looseObject({ count: count, logs: z.array(logLine).default([]) }).optional(),
  }),
  getLatestWorkspaceVersion: z.looseObject({ version: text }),
} as const;

export type OperationName = keyof typeof answers;
export type AnswerOf<Name extends OperationName> = z.output<(typeof answers)[Name]>;
