import { createHash } from 'node:crypto';
import { backupCrn, generatedSubdomain, workspaceCrn } from './names.ts';
import { createServices, type Services } from './services.ts';
import { createWorkflows, type Workflows } from './workflows.ts';

/** What a workspace holds, as far as the control plane's backup takes it: database rows, volumes, internal files. */
export type Content = Map<string, string>;

export interface Workspace {
  readonly crn: string;
  readonly name: string;
  readonly environment: string;
  /** `{phase}:{outcome}`, before `words` change it. */
  status: string;
  version: string;
  readonly creatorCrn: string;
  readonly createdAt: Date;
  readonly staticSubdomain: string | undefined;
  subdomain: string;
  isRestored: boolean;
  failureMessage: string | undefined;
  lastBackupStatus: string | undefined;
  content: Content;
  readonly services: Services;
}

export interface Backup {
  readonly crn: string;
  readonly name: string;
  readonly workspaceCrn: string;
  /** The backup is found under these too, whatever CRN the workspace has later. */
  readonly environment: string;
  readonly workspaceName: string;
  readonly createdAt: Date;
  readonly creatorCrn: string;
  readonly versionAtBackup: string;
  status: string;
  content: Content | undefined;
}

export interface AuditEvent {
  /** Everything it can be asked for by: the CRNs of its workspace and its backup. Not told. */
  readonly about: readonly string[];
  readonly workspaceCrn: string;
  readonly userCrn: string;
  readonly requestID: string;
  readonly action: string;
  readonly createdDate: string;
}

/** What nobody outside knows for sure of the real one; a test takes the other way too. */
export interface Habits {
  /** A second backup of the same name begins instead of being refused. */
  acceptsTakenNames: boolean;
  /** A workspace restored in its place gets another CRN. */
  restoresUnderNewCrn: boolean;
  /** How long a backup is not in the list yet. */
  listLagMinutes: number;
  /** What a workspace that has just been backed up says of itself. */
  statusAfterBackup: 'installation:finished' | 'backup:finished';
  /** A backup's entry, after it was cancelled. */
  cancelledBackups: 'stay' | 'go';
}

export interface World {
  readonly workspaces: Map<string, Workspace>;
  readonly backups: Map<string, Backup>;
  readonly events: AuditEvent[];
  readonly logs: Map<string, { readonly createdDate: string; readonly log: string }[]>;
  /** State words by what they replace. */
  readonly words: Map<string, string>;
  readonly habits: Habits;
  readonly workflows: Workflows;
  /** How long a minute lasts here, in milliseconds. */
  readonly minuteMs: number;
  latestVersion: string;
  /** Milliseconds that this server's clock is ahead. */
  skewMs: number;
  now(): Date;
  log(requestId: string, line: string): void;
}

export interface WorkspaceOptions {
  readonly name: string;
  readonly environment?: string;
  readonly version?: string;
  readonly staticSubdomain?: string;
  readonly content?: Readonly<Record<string, string>>;
}

export const READY = 'installation:finished';
export const isReady = ({ status }: Workspace) => [READY, 'modify:finished', 'backup:finished'].includes(status);

export function createWorld({ minuteMs, latestVersion }: { minuteMs: number; latestVersion: string }): World {
  const logs: World['logs'] = new Map();
  const world: World = {
    ...{ workspaces: new Map(), backups: new Map(), events: [], logs, words: new Map(), minuteMs, latestVersion },
    skewMs: 0,
    workflows: createWorkflows(minuteMs, (requestId, line) => world.log(requestId, line)),
    habits: {
      ...{ acceptsTakenNames: false, restoresUnderNewCrn: false, listLagMinutes: 0 },
      ...{ statusAfterBackup: READY, cancelledBackups: 'stay' },
    },
    now: () => new Date(Date.now() + world.skewMs),
    log(requestId, log) {
      const lines = logs.get(requestId) ?? [];
      logs.set(requestId, [...lines, { createdDate: world.now().toISOString(), log }]);
    },
  };
  return world;
}

export async function addWorkspace(
  world: World,
  { name, environment = 'env-1', version = '2.0.50-b52', staticSubdomain, content = {} }: WorkspaceOptions,
  creatorCrn: string,
): Promise<Workspace> {
  const workspace: Workspace = {
    ...{ crn: workspaceCrn(), name, environment, status: READY, version, creatorCrn, createdAt: world.now() },
    ...{ staticSubdomain, subdomain: staticSubdomain ?? generatedSubdomain(), isRestored: false },
    ...{ failureMessage: undefined, lastBackupStatus: undefined },
    content: new Map(Object.entries(content)),
    services: await createServices(),
  };
  world.workspaces.set(workspace.crn, workspace);
  return workspace;
}

export function addBackup(world: World, workspace: Workspace, name: string, creatorCrn: string): Backup {
  const backup: Backup = {
    ...{ crn: backupCrn(), name, workspaceCrn: workspace.crn, createdAt: world.now(), creatorCrn },
    ...{ environment: workspace.environment, workspaceName: workspace.name, versionAtBackup: workspace.version },
    ...{ status: 'backup:started', content: undefined },
  };
  world.backups.set(backup.crn, backup);
  return backup;
}

/** The same for the same content, in whatever order it was put in. */
export function checksumOf(content: ReadonlyMap<string, string>): string {
  return createHash('sha256')
    .update(JSON.stringify([...content].sort()))
    .digest('hex');
}

/** Names are unique among what stands; a name of two workspaces in two environments is no one's. */
export function findByName(world: World, environment: string, name: string): Workspace | undefined {
  return [...world.workspaces.values()].find((one) => one.environment === environment && one.name === name);
}
