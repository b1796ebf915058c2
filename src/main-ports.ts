import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from './clock.ts';
import type { Environment } from './config.ts';
import type { Log } from './log.ts';
import type { DataMover } from './mover/mover.ts';
import { createResticMover } from './mover/restic/restic-mover.ts';
import { resticSettings } from './mover/restic/settings.ts';
import type { WorkspaceSettings } from './records/workspace.ts';
import { createLocalPlatform } from './workspace/local/platform.ts';
import { createLocalRunProgram } from './workspace/local/run-program.ts';
import { localSettings } from './workspace/local/settings.ts';
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
/** The compiled entry of the guard, which runs on its own. */
const GUARD = join(HERE, 'workspace', 'local', 'guard-main.js');
/** Where scripts/get-restic.sh puts a restic when the system has none that is new enough. */
const CACHED_RESTIC = join(HERE, '..', '..', '.cache', 'restic', 'restic');

/** Makes the ports of a workspace from its settings: the present ones, or the copy that an operation's journal keeps. */
export function createPorts(world: PortsWorld) {
  const run = createLocalRunProgram();
  return {
    portsFor(settings: WorkspaceSettings): { platform: WorkspacePlatform; mover: DataMover } {
      const pageCommand = world.pageCommand();
      const platform = createLocalPlatform({
        workspace: settings.name,
        settings: localSettings.parse(settings.platform),
        policy: settings.policy,
        folder: join(world.data, 'workspaces', settings.name),
        workFolder: (operationId) => join(world.data, 'work', operationId),
        run,
        clock: world.clock,
        log: world.log,
        guardProgram: [process.execPath, GUARD],
        ...(pageCommand ? { pageCommand } : {}),
      });
      const mover = createResticMover({
        settings: resticSettings.parse(settings.repository),
        workspace: settings.name,
        run: platform.run,
        candidates: resticCandidates(world.environment),
        cacheFolder: join(world.data, 'workspaces', settings.name, 'restic-cache'),
      });
      return { platform, mover };
    },
  };
}

/** The one named, the one on PATH, the one that the script fetched. */
export function resticCandidates(environment: Environment): string[] {
  return [environment.CML_RESTIC, 'restic', CACHED_RESTIC].filter(
    (path) => path !== undefined && path !== '',
  ) as string[];
}
