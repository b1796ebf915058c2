import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from './clock.ts';
import type { Environment } from './config.ts';
import type { Log } from './log.ts';
import { controlPlanePlatform } from './main-cdp.ts';
import type { DataMover } from './mover/mover.ts';
import { createResticMover } from './mover/restic/restic-mover.ts';
import { resticSettings } from './mover/restic/settings.ts';
import type { RunProgram } from './program.ts';
import type { WorkspaceSettings } from './records/workspace.ts';
import { type ClustersOf, createClusters } from './workspace/kubernetes/clusters.ts';
import { fewAtOnce } from './workspace/kubernetes/few-at-once.ts';
import { createKubernetesPlatform } from './workspace/kubernetes/platform.ts';
import { type KubernetesSettings, kubernetesSettings } from './workspace/kubernetes/settings.ts';
import { createLocalPlatform } from './workspace/local/platform.ts';
import { createLocalRunProgram } from './workspace/local/run-program.ts';
import { type LocalSettings, localSettings } from './workspace/local/settings.ts';
import { createLocalStreamProgram } from './workspace/local/stream-program.ts';
import type { WorkspacePlatform } from './workspace/platform.ts';

export interface PortsWorld {
  readonly data: string;
  readonly log: Log;
  readonly clock: Clock;
  /** As configured now: a guard keeps the one that it was armed with. */
  readonly pageCommand: () => readonly string[] | undefined;
  readonly environment: Environment;
}

const HERE = dirname(fileURLToPath(import.meta.url));
/** The compiled entry of the guard, which runs on its own: beside us, or at the same place in a pod of the same image. */
const guardOf = (platform: 'local' | 'kubernetes' | 'cdp') => join(HERE, 'workspace', platform, 'guard-main.js');
/** Where scripts/get-restic.sh puts a restic when the system has none that is new enough. */
const CACHED_RESTIC = join(HERE, '..', '..', '.cache', 'restic', 'restic');

/** Makes the ports of a workspace from its settings: the present ones, or the copy that an operation's journal keeps. */
export function createPorts(world: PortsWorld) {
  const run = createLocalRunProgram();
  // What people look at needs the repository alone, and a reader who is here.
  const stream = createLocalStreamProgram();
  // Of all workspaces together.
  const shared = { clusterOf: createClusters(world), runHere: fewAtOnce(run) };
  return {
    portsFor(
      settings: WorkspaceSettings,
      near: WorkspaceSettings = settings,
    ): { platform: WorkspacePlatform; mover: DataMover } {
      const filesOf = (one: WorkspaceSettings, platform: LocalSettings) =>
        localPlatform(world, { ...one, platform }, run);
      const platformOf = (one: WorkspaceSettings) => {
        if (one.platform.kind === 'kubernetes') return kubernetesPlatform(world, one, shared);
        if (one.platform.kind === 'cdp')
          return controlPlanePlatform(world, one, [process.execPath, guardOf('cdp')], filesOf);
        return localPlatform(world, one, run);
      };
      const platform = platformOf(settings);
      const { run: runNear, prepare } = near === settings ? platform : platformOf(near);
      const mover = createResticMover({
        settings: resticSettings.parse(settings.repository),
        workspace: settings.name,
        run: runNear,
        prepare,
        stream,
        candidates: resticCandidates(world.environment),
        cacheFolder: join(world.data, 'workspaces', settings.name, 'restic-cache'),
      });
      return { platform, mover };
    },
  };
}

function localPlatform(world: PortsWorld, settings: WorkspaceSettings, run: RunProgram): WorkspacePlatform {
  const { data, clock, log } = world;
  const pageCommand = world.pageCommand();
  return createLocalPlatform({
    workspace: settings.name,
    settings: localSettings.parse(settings.platform),
    policy: settings.policy,
    folder: join(data, 'workspaces', settings.name),
    workFolder: (operationId) => join(data, 'work', operationId),
    ...{ run, clock, log },
    guardProgram: [process.execPath, guardOf('local')],
    ...(pageCommand ? { pageCommand } : {}),
  });
}

function kubernetesPlatform(
  world: PortsWorld,
  workspace: WorkspaceSettings,
  { clusterOf, runHere }: { readonly clusterOf: ClustersOf; readonly runHere: RunProgram },
): WorkspacePlatform {
  const { data, clock, log, environment } = world;
  const pageCommand = world.pageCommand();
  const settings = withRestoreAccount(kubernetesSettings.parse(workspace.platform), environment);
  const { restoreAccount: account } = settings;
  return createKubernetesPlatform({
    ...{ workspace: workspace.name, settings, policy: workspace.policy, cluster: clusterOf(settings) },
    ...(account === undefined ? {} : { restoreCluster: clusterOf({ ...settings, account }) }),
    image: environment.CML_IMAGE ?? '',
    folder: join(data, 'work'),
    ...{ runHere, clock, log },
    guardProgram: settings.movers.guard ?? ['node', guardOf('kubernetes')],
    ...(pageCommand ? { pageCommand } : {}),
  });
}

/** The deployment says which account restores on the cluster that it stands on; of any other it knows nothing. */
function withRestoreAccount(settings: KubernetesSettings, environment: Environment): KubernetesSettings {
  const { kubeconfig, context, restoreAccount = environment.CML_RESTORE_ACCOUNT } = settings;
  const isElsewhere = kubeconfig !== undefined || context !== undefined;
  if (restoreAccount === undefined || (isElsewhere && settings.restoreAccount === undefined)) return settings;
  return { ...settings, restoreAccount };
}

/** The one named, the one on PATH, the one that the script fetched. */
export function resticCandidates(environment: Environment): string[] {
  return [environment.CML_RESTIC, 'restic', CACHED_RESTIC].filter(
    (path) => path !== undefined && path !== '',
  ) as string[];
}
