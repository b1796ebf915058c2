import { join } from 'node:path';
import type { Environment } from './config.ts';
import type { PortsWorld } from './main-ports.ts';
import type { WorkspaceSettings } from './records/workspace.ts';
import type { ControlPlane } from './workspace/cdp/client/control-plane.ts';
import type { ControlPlanePorts } from './workspace/cdp/client/create-control-plane.ts';
import type { ControlPlaneSettings } from './workspace/cdp/client/settings.ts';
import { createCdpPlatform } from './workspace/cdp/platform.ts';
import { type CdpSettings, cdpSettings } from './workspace/cdp/settings.ts';
import { type LocalSettings, localSettings } from './workspace/local/settings.ts';
import type { WorkspacePlatform } from './workspace/platform.ts';

/** Its external folders are looked after as those of a workspace on this machine, which here has no services. */
export function controlPlanePlatform(
  { data, clock, log, environment, pageCommand }: PortsWorld,
  workspace: WorkspaceSettings,
  guardProgram: readonly string[],
  filesOf: (workspace: WorkspaceSettings, platform: LocalSettings) => WorkspacePlatform,
): WorkspacePlatform {
  const settings = cdpSettings.parse(workspace.platform);
  const command = pageCommand();
  return createCdpPlatform({
    ...{ workspace: workspace.name, settings, clock, log },
    folder: join(data, 'workspaces', workspace.name, 'control-plane'),
    controlPlane: createLazyControlPlane(settings.controlPlane, { environment, clock, log }),
    files: filesOf(workspace, foldersAsLocal(settings)),
    ...{ guardProgram, loginEnvironment: loginIn(environment, settings) },
    ...(command ? { pageCommand: command } : {}),
  });
}

/** The guard outlives us and is told what it needs: those variables and no others. */
function loginIn(environment: Environment, { controlPlane: { credentials } }: CdpSettings): Record<string, string> {
  if (credentials.from !== 'environment') return {};
  const names = [credentials.accessKeyId, credentials.privateKey, credentials.accessToken];
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function foldersAsLocal({ sharedFolders }: CdpSettings): LocalSettings {
  return localSettings.parse({
    kind: 'local',
    sharedFolders: sharedFolders.map((folder) => ({ ...folder, location: 'external' })),
  });
}

/** The client and its libraries are loaded with the first question. */
function createLazyControlPlane(settings: ControlPlaneSettings, ports: ControlPlanePorts): ControlPlane {
  let loading: Promise<ControlPlane> | undefined;
  const load = () => {
    loading ??= import('./workspace/cdp/client/create-control-plane.ts').then(({ createControlPlane }) =>
      createControlPlane(settings, ports),
    );
    return loading;
  };
  return {
    listWorkspaces: async (options) => (await load()).listWorkspaces(options),
    describeWorkspace: async (key, options) => (await load()).describeWorkspace(key, options),
    listWorkspaceBackups: async (key, options) => (await load()).listWorkspaceBackups(key, options),
    describeWorkspaceBackup: async (crn, options) => (await load()).describeWorkspaceBackup(crn, options),
    getAuditEvents: async (crn, options) => (await load()).getAuditEvents(crn, options),
    getLogs: async (requestId, options) => (await load()).getLogs(requestId, options),
    getLatestWorkspaceVersion: async (options) => (await load()).getLatestWorkspaceVersion(options),
    backupWorkspace: async (order, options) => (await load()).backupWorkspace(order, options),
    restoreWorkspace: async (order, options) => (await load()).restoreWorkspace(order, options),
    deleteBackup: async (crn, options) => (await load()).deleteBackup(crn, options),
    requestWorkflowCancellation: async (order, options) => (await load()).requestWorkflowCancellation(order, options),
    probeOperations: async (options) => (await load()).probeOperations(options),
  };
}
