import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { createLowdbCatalog } from '../../src/catalog/lowdb/lowdb-catalog.ts';
import { systemClock } from '../../src/clock.ts';
import { createResticMover } from '../../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../../src/mover/restic/settings.ts';
import { createOrchestrator } from '../../src/orchestrator/orchestrator.ts';
import type { Backup } from '../../src/records/backup.ts';
import { createNewId } from '../../src/records/ids.ts';
import type { Operation } from '../../src/records/operation.ts';
import type { Person } from '../../src/records/person.ts';
import { type ChosenCapture, workspacePolicy } from '../../src/records/workspace.ts';
import { findProcesses, sendSignal } from '../../src/workspace/local/find-processes.ts';
import { createLocalPlatform } from '../../src/workspace/local/platform.ts';
import { createLocalRunProgram } from '../../src/workspace/local/run-program.ts';
import { localSettings } from '../../src/workspace/local/settings.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../fakes/chat.ts';
import { candidates } from '../mover/restic-world.ts';
import { assertGuardIsBuilt, guardMain, silent, WORKSPACE } from '../workspace/local/bench.ts';

const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };
const bob: Person = { name: 'bob', proof: 'token', uid: 1001 };

export interface HostileWorld {
  readonly root: string;
  readonly at: (...names: string[]) => string;
  readonly chat: FakeChatStore;
  /** Does something as soon as the copy that is made while services are stopped has been asked for. */
  duringCut<T>(running: Promise<T>, work: () => void): Promise<T>;
  /** Ends as an operation, good or bad; never rejects. */
  backUp(capture?: ChosenCapture): Promise<Operation>;
  /** The backup that an operation recorded, whatever its status. */
  backupOf(operation: Operation): Promise<Backup | undefined>;
  restore(operation: Operation): Promise<Operation>;
  verify(operation: Operation): Promise<Operation>;
  /** Removes what restores displaced: their grace is over at once here. */
  sweep(): Promise<void>;
  areServicesUp(): Promise<boolean>;
  dispose(): Promise<void>;
}

export interface HostileWish {
  readonly services?: (root: string) => readonly object[];
  /** By name, under the root; each is made when it is not there. */
  readonly parts: Readonly<Record<string, { readonly capture: ChosenCapture; readonly folder?: string }>>;
  readonly policy?: object;
  /** restic is root by name only: it may read what permissions let root's own files be read by, as any other user. */
  readonly isPlainUser?: boolean;
  /** What is copied in the cut is read after what `duringCut` does: whatever that is then comes before the read. */
  readonly readsAfterAct?: boolean;
}

async function withoutPowers(wrapper: string): Promise<string> {
  const words = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--', candidates[0] ?? 'restic', '"$@"'];
  await writeFile(wrapper, `#!/bin/sh\nexec ${words.join(' ')}\n`, { mode: 0o755 });
  return wrapper;
}

/** Begins to read what is copied in the cut only once somebody has acted; gives up waiting after ten seconds. */
async function waitingInCut(wrapper: string, work: string, acted: string): Promise<string> {
  const wait = `i=0; while [ ! -e ${acted} ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i+1)); done`;
  const inCut = `case " $* " in *" backup "*) ls ${work}/*/delta.out >/dev/null 2>&1 && { ${wait}; };; esac`;
  await writeFile(wrapper, `#!/bin/sh\n${inCut}\nexec ${candidates[0] ?? 'restic'} "$@"\n`, { mode: 0o755 });
  return wrapper;
}

const idle = { name: 'web', command: ['sleep', '86400'], folder: '/' };

/** The product without its command line: the one door, real files, real services, a real repository. */
export async function makeHostileWorld(wish: HostileWish): Promise<HostileWorld> {
  assertGuardIsBuilt();
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cml-hostile-')));
  const at = (...names: string[]) => join(root, ...names);
  const volumes = Object.entries(wish.parts).map(([name, { capture, folder }]) => ({
    ...{ name, capture, path: at(folder ?? name) },
  }));
  for (const { path } of volumes) await mkdir(path, { recursive: true });
  await writeFile(at('password'), 'correct horse\n', { mode: 0o600 });
  const programs = async () => {
    if (wish.readsAfterAct) return [await waitingInCut(at('restic'), at('work'), at('acted'))];
    return wish.isPlainUser ? [await withoutPowers(at('restic'))] : candidates;
  };
  const run = createLocalRunProgram();
  const platformSettings = localSettings.parse({ kind: 'local', services: wish.services?.(root) ?? [idle], volumes });
  const policy = workspacePolicy.parse({ notice: '0s', grace: '1ms', approvers: ['alice', 'bob'], ...wish.policy });
  const platform = createLocalPlatform({
    ...{ workspace: WORKSPACE, settings: platformSettings, policy, run, clock: systemClock, log: silent },
    folder: at('state'),
    workFolder: (operationId) => at('work', operationId),
    guardProgram: [process.execPath, guardMain],
  });
  const repository = { kind: 'restic', location: at('repository'), passwordFile: at('password'), lockWait: '1s' };
  const mover = createResticMover({
    ...{
      settings: resticSettings.parse(repository),
      workspace: WORKSPACE,
      run,
      candidates: await programs(),
    },
    cacheFolder: at('cache'),
  });
  await mover.init({ folder: at('work', 'init'), key: 'init' });
  await mkdir(at('catalog'));
  const catalog = createLowdbCatalog({ folder: at('catalog') });
  await catalog.open();
  const chat = createFakeChatStore();
  const bugs: unknown[] = [];
  const orchestrator = createOrchestrator({
    ...{ catalog, chat: createFakeChat(chat), clock: systemClock, log: silent },
    newId: createNewId(() => systemClock.now(), Math.random),
    delays: { firstMs: 50, longestMs: 500 },
    workspaces: { [WORKSPACE]: { name: WORKSPACE, platform: platformSettings, repository, policy } },
    refreshWorkspaces: async () => undefined,
    portsFor: () => ({ platform, mover }),
    workFolder: at('work'),
    onBug: (error) => bugs.push(error),
  });
  await orchestrator.takeTurns();
  await orchestrator.startServices(alice, WORKSPACE);

  const ended = async (running: { readonly ended: Promise<Operation> } | undefined): Promise<Operation> => {
    if (!running) throw new Error('nothing was started');
    const operation = await running.ended;
    if (bugs.length > 0) throw bugs[0];
    // The door forgets an operation a moment after its end.
    while (orchestrator.running().length > 0) await pause(5);
    return operation;
  };
  const backupIdOf = ({ id }: Operation) => id.replace('op_', 'bkp_');
  const ours = () => findProcesses({ marks: [`CML_STATE=${at('state')}`] });
  return {
    ...{ root, at, chat },
    async duringCut(running, work) {
      let isOver = false;
      const over = running.finally(() => {
        isOver = true;
      });
      const hasBegun = () =>
        existsSync(at('work')) &&
        readdirSync(at('work')).some((operation) => existsSync(at('work', operation, 'delta.out')));
      while (!isOver && !hasBegun()) await pause(5);
      if (!isOver) work();
      await writeFile(at('acted'), '');
      return over;
    },
    backUp: async (capture) =>
      ended(await orchestrator.requestBackup(alice, { workspace: WORKSPACE, ...(capture ? { capture } : {}) })),
    backupOf: async (operation) => (await catalog.backups.get(backupIdOf(operation))) ?? undefined,
    async restore(operation) {
      const wanted = { backup: backupIdOf(operation), confirm: WORKSPACE };
      const { id } = await orchestrator.requestRestore(alice, wanted);
      return ended((await orchestrator.decide(bob, { request: id, approves: true })).running);
    },
    verify: async (operation) => ended(await orchestrator.requestVerify(alice, backupIdOf(operation))),
    sweep: () => orchestrator.sweep(),
    areServicesUp: async () => (await platform.inspect()).services.every(({ running, ready }) => running && ready),
    async dispose() {
      await orchestrator.wrapUp();
      for (let left = ours(); left.length > 0; left = ours()) {
        for (const process of left) sendSignal(process, 'SIGKILL');
        await pause(10);
      }
      await execa('chattr', ['-R', '-f', '-i', '-a', root], { reject: false });
      // Not Node's: it cannot remove what lies deeper than a path may be long.
      await execa('rm', ['-rf', '--one-file-system', root]);
    },
  };
}
