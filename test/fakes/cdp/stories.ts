import { generatedSubdomain } from './names.ts';
import type { Workflow, WorkflowStory } from './workflows.ts';
import { type Backup, READY, type Workspace, type World } from './world.ts';

/** Minutes that the stages take. */
const MINUTES = { stopping: 0.1, snapshots: 0.2, files: 0.4, starting: 0.1, installing: 0.3, deleting: 0.3 };

interface Asked {
  readonly requestId: string;
  readonly timeoutMinutes?: number | undefined;
}

/** Services are down from the end of `stopping` to the end of `starting`. */
export function beginBackup(world: World, workspace: Workspace, backup: Backup, asked: Asked): Workflow {
  const { services } = workspace;
  const end = (status: string, isUp = true) => {
    backup.status = status;
    workspace.lastBackupStatus = status;
    workspace.status = isUp ? READY : status;
  };
  workspace.status = 'backup:started';
  return world.workflows.begin({
    ...asked,
    ...{ type: 'backup', timeoutMinutes: asked.timeoutMinutes, resources: [workspace.crn, backup.crn] },
    stages: [
      { name: 'stopping', minutes: MINUTES.stopping, log: 'Stopping services', end: services.down },
      {
        ...{ name: 'snapshots', minutes: MINUTES.snapshots, log: 'Creating volume snapshots' },
        begin: () => {
          backup.content = new Map(workspace.content);
        },
      },
      { name: 'files', minutes: MINUTES.files, log: 'Copying internal files' },
      { name: 'starting', minutes: MINUTES.starting, log: 'Starting services', end: services.up },
    ],
    finished: () => {
      end('backup:finished');
      workspace.status = world.habits.statusAfterBackup;
    },
    async failed(why, leaves) {
      backup.content = undefined;
      workspace.failureMessage = why;
      await (leaves === 'up' ? services.up() : services.down());
      end('backup:failed', leaves === 'up');
    },
    async cancelled() {
      backup.content = undefined;
      await services.up();
      end('backup:cancelled');
      if (world.habits.cancelledBackups === 'go') world.backups.delete(backup.crn);
    },
  });
}

/** Overwrites what stands; a workspace that was just made has nothing to overwrite. */
export function beginRestore(
  world: World,
  { workspace, backup, isNew, keepsSubdomain }: RestoreOf,
  asked: Asked,
): Workflow {
  const { services } = workspace;
  const content = new Map(backup.content);
  workspace.status = isNew ? 'provision:started' : 'restore:started';
  return world.workflows.begin({
    ...asked,
    ...{ type: 'restore', timeoutMinutes: asked.timeoutMinutes, resources: [workspace.crn, backup.crn] },
    stages: [
      { name: 'stopping', minutes: MINUTES.stopping, log: 'Removing the workspace', end: services.down },
      {
        ...{ name: 'volumes', minutes: MINUTES.snapshots, log: 'Creating volumes from snapshots' },
        begin: () => workspace.content.clear(),
      },
      { name: 'files', minutes: MINUTES.files, log: 'Restoring internal files' },
      {
        ...{ name: 'installing', minutes: MINUTES.installing, log: `Installing ${world.latestVersion}` },
        begin: () => {
          workspace.status = 'installation:started';
        },
        end: services.up,
      },
    ],
    finished: () => {
      workspace.content = content;
      Object.assign(workspace, { version: world.latestVersion, isRestored: true, status: READY });
      if (!keepsSubdomain) workspace.subdomain = generatedSubdomain();
    },
    async failed(why, leaves) {
      workspace.failureMessage = why;
      await (leaves === 'up' ? services.up() : services.down());
      workspace.status = 'restore:failed';
    },
    cancelled: () => {
      workspace.status = 'restore:cancelled'; // what stood is gone, what comes is not there
    },
  });
}

export interface RestoreOf {
  readonly workspace: Workspace;
  readonly backup: Backup;
  readonly isNew: boolean;
  readonly keepsSubdomain: boolean;
}

export function beginDeletion(world: World, backup: Backup, { requestId }: Asked): Workflow {
  backup.status = 'delete:started';
  return world.workflows.begin({
    ...{ type: 'delete', requestId, timeoutMinutes: undefined, resources: [backup.crn] },
    stages: [
      { name: 'snapshots', minutes: MINUTES.deleting, log: 'Deleting snapshots' },
      { name: 'entry', minutes: 0, log: 'Deleting the entry' },
    ],
    finished: () => world.backups.delete(backup.crn),
    failed: () => {
      backup.status = 'delete:failed';
    },
    cancelled: () => {
      backup.status = 'delete:failed';
    },
  });
}

/** Suspending, resuming and removing a whole workspace. */
export function beginLifecycle(
  world: World,
  workspace: Workspace,
  type: 'suspend' | 'resume' | 'deprovision',
  { requestId }: Asked,
): Workflow {
  const change = type === 'resume' ? workspace.services.up : workspace.services.down;
  workspace.status = `${type}:started`;
  const story: WorkflowStory = {
    ...{ type, requestId, timeoutMinutes: undefined, resources: [workspace.crn] },
    stages: [
      { name: 'services', minutes: MINUTES.starting, log: type, end: change },
      { name: 'storage', minutes: MINUTES.stopping, log: `${type}: storage` },
    ],
    finished: () => {
      workspace.status = type === 'resume' ? READY : `${type}:finished`;
      if (type === 'deprovision') forget(world, workspace);
    },
    failed: () => {
      workspace.status = `${type}:failed`;
    },
    cancelled: () => {
      workspace.status = `${type}:failed`;
    },
  };
  return world.workflows.begin(story);
}

/** Backups live in the cluster, and as long as their workspace does. */
function forget(world: World, { crn, environment, name }: Workspace): void {
  world.workspaces.delete(crn);
  for (const backup of [...world.backups.values()]) {
    if (backup.environment === environment && backup.workspaceName === name) world.backups.delete(backup.crn);
  }
}
