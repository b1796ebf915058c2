import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { createLowdbCatalog } from '../../src/catalog/lowdb/lowdb-catalog.ts';
import { createHub } from '../../src/chat/terminal/hub.ts';
import { createTerminalChat } from '../../src/chat/terminal/terminal-chat.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import type { Log } from '../../src/log.ts';
import { createSchedules } from '../../src/main-schedules.ts';
import { createResticMover } from '../../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../../src/mover/restic/settings.ts';
import { createOrchestrator, type Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import { createNewId } from '../../src/records/ids.ts';
import type { WorkspaceSettings } from '../../src/records/workspace.ts';
import { createLocalPlatform } from '../../src/workspace/local/platform.ts';
import { createLocalRunProgram } from '../../src/workspace/local/run-program.ts';
import { localSettings } from '../../src/workspace/local/settings.ts';
import { candidates } from '../mover/restic-world.ts';
import type { Bench } from './bench.ts';
import { until } from './processes.ts';

/** What fails is tried again at once. */
const QUICK = { firstMs: 10, longestMs: 100 };

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The server's own parts over real files, processes and a real repository, by a clock that the test sets. */
export interface NightServer {
  readonly orchestrator: Orchestrator;
  readonly catalog: Catalog;
  readonly bugs: unknown[];
  /** It is so late now: what is due begins, and all of it ends. */
  at(moment: string): Promise<void>;
  /** Every sentence that people could read so far. */
  messages(): Promise<string[]>;
}

/** Adds settings to the workspace of the bench, and to the top of its cml.yaml. */
export async function configureNight(bench: Bench, workspace: object, more: object): Promise<void> {
  const config = parse(await readFile(bench.at('cml.yaml'), 'utf8'));
  Object.assign(config.workspaces['team-ml'], workspace);
  await writeFile(bench.at('cml.yaml'), stringify({ ...config, ...more }));
}

export async function serveNight(bench: Bench, start: string): Promise<NightServer> {
  const { data, workspaces, upkeep } = await readConfig({ cwd: bench.folder, environment: {} });
  const clock = settableClock(start);
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => void bugs.push(error);
  const catalog = createLowdbCatalog({ folder: data, clock });
  const messagesFile = join(data, 'messages.log');
  const chat = createTerminalChat({ messagesFile, followers: createHub(), clock, log: silent });
  const orchestrator: Orchestrator = createOrchestrator({
    ...{ catalog, chat, clock, workspaces, onBug, log: silent, delays: QUICK },
    newId: createNewId(clock.now, Math.random),
    upkeep: () => upkeep,
    refreshWorkspaces: async () => undefined,
    portsFor: (settings) => portsFor(data, settings, clock),
    workFolder: join(data, 'work'),
  });
  await orchestrator.recover();
  await catalog.open();
  await orchestrator.startServices({ name: 'alice', proof: 'uid', uid: 0 }, 'team-ml').catch(() => undefined);
  const scheduler = createSchedules({ orchestrator, catalog, chat, clock, log: silent, upkeep: () => upkeep, onBug });
  return {
    ...{ orchestrator, catalog, bugs },
    async at(moment) {
      clock.set(moment);
      await scheduler.tick();
      await scheduler.settled();
      await until('all of it has ended', () => orchestrator.isIdle());
      if (bugs.length > 0) throw bugs[0];
    },
    async messages() {
      const lines = (await readFile(messagesFile, 'utf8').catch(() => '')).trim().split('\n');
      return lines.map((line) => line.replace(/^\S+ \S+ +/, ''));
    },
  };
}

/** Time passes as it does, from where it was set last. */
function settableClock(start: string): Clock & { set(moment: string): void } {
  let ahead = 0;
  const set = (moment: string) => {
    ahead = Date.parse(moment) - Date.now();
  };
  set(start);
  return { set, now: () => new Date(Date.now() + ahead), sleep: systemClock.sleep };
}

function portsFor(data: string, settings: WorkspaceSettings, clock: Clock) {
  const run = createLocalRunProgram();
  const folder = join(data, 'workspaces', settings.name);
  const platform = createLocalPlatform({
    ...{ workspace: settings.name, policy: settings.policy, folder, run, clock, log: silent },
    settings: localSettings.parse(settings.platform),
    workFolder: (operationId) => join(data, 'work', operationId),
    guardProgram: [process.execPath, resolve('dist/src/workspace/local/guard-main.js')],
  });
  const mover = createResticMover({
    ...{ settings: resticSettings.parse(settings.repository), workspace: settings.name, run, candidates },
    prepare: platform.prepare,
    cacheFolder: join(folder, 'restic-cache'),
  });
  return { platform, mover };
}
