import type {
  AnswerOf,
  AuditEvent,
  DescribedBackup,
  LogLine,
  OperationName,
  VendorBackup,
  VendorWorkspace,
  Workflow,
} from './wire.ts';

/** A workspace by its CRN, or by the names of its environment and of itself. */
export type WorkspaceKey =
  | { readonly workspaceCrn: string }
  | { readonly environmentName: string; readonly workspaceName: string };

export interface BackupOrder {
  readonly workspaceCrn: string;
  readonly backupName: string;
  /** Whole minutes. */
  readonly backupJobTimeoutMinutes: number;
  readonly skipValidation?: boolean;
}

/** What a new workspace is made with. The fields that matter are in the vendor's `CreateWorkspace`; they go out as given. */
export interface NewWorkspace {
  readonly environmentName: string;
  readonly workspaceName: string;
  readonly [field: string]: unknown;
}

export interface RestoreOrder {
  readonly backupCrn: string;
  readonly newWorkspaceParameters?: NewWorkspace;
  readonly useStaticSubdomain?: boolean;
  /** Whole minutes. */
  readonly restoreJobTimeoutMinutes: number;
}

export interface CancelOrder {
  readonly resourceId: string;
  readonly workflowType: string;
}

export interface CallOptions {
  /**
   * Ends a question at once. An effect is only kept from being sent by it: one that was sent is waited for, because its
   * answer is all that tells what was begun.
   */
  readonly signal?: AbortSignal | undefined;
}

/** `unknown`: it was not tried because that could change something, or what came back told nothing. */
export type Offer = 'answers' | 'forbidden' | 'missing' | 'unknown';
export type Offers = Readonly<Record<OperationName, Offer>>;

/**
 * The vendor's control plane. Questions are asked again while it is busy or drops connections. The four effects
 * (`backupWorkspace`, `restoreWorkspace`, `deleteBackup`, `requestWorkflowCancellation`) are sent once: only where the
 * server surely did not take one (429, or no connection) is it sent again.
 *
 * Everything rejects with `PortError`: `answer-lost` when an effect was sent and nobody knows what became of it - look
 * before it is sent again; `unknown-workspace`, `unknown-backup`, `name-taken`, `operation-missing`; `control-plane-login`
 * for keys, tokens, rights and clocks; `control-plane-refused` for any other refusal; `platform-unavailable`, retryable
 * where it may pass.
 */
export interface ControlPlane {
  listWorkspaces(options?: CallOptions): Promise<VendorWorkspace[]>;
  describeWorkspace(key: WorkspaceKey, options?: CallOptions): Promise<VendorWorkspace>;
  listWorkspaceBackups(key: WorkspaceKey, options?: CallOptions): Promise<VendorBackup[]>;
  /** With `of`, its workspace, one that is too old to have this operation is asked for its list instead. */
  describeWorkspaceBackup(
    backupCrn: string,
    options?: CallOptions & { readonly of?: WorkspaceKey | undefined },
  ): Promise<DescribedBackup>;
  /** What was done with a workspace or a backup; the newest may be missing for a while. */
  getAuditEvents(resourceCrn: string, options?: CallOptions): Promise<AuditEvent[]>;
  /** All lines that one of those events left so far. */
  getLogs(requestId: string, options?: CallOptions): Promise<LogLine[]>;
  /** What a restore would bring; undefined when the control plane does not tell. */
  getLatestWorkspaceVersion(options?: CallOptions): Promise<string | undefined>;

  backupWorkspace(order: BackupOrder, options?: CallOptions): Promise<AnswerOf<'backupWorkspace'>>;
  restoreWorkspace(order: RestoreOrder, options?: CallOptions): Promise<AnswerOf<'restoreWorkspace'>>;
  deleteBackup(backupCrn: string, options?: CallOptions): Promise<AnswerOf<'deleteBackup'>>;
  requestWorkflowCancellation(order: CancelOrder, options?: CallOptions): Promise<Workflow[]>;

  /** Which operations it has, found out by questions that change nothing. Rejects when it cannot be talked to at all. */
  probeOperations(options?: CallOptions): Promise<Offers>;
}
