import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { createLowdbCatalog } from '../../../src/catalog/lowdb/lowdb-catalog.ts';
import { systemClock } from '../../../src/clock.ts';
import { createOrchestrator, type Orchestrator } from '../../../src/orchestrator/orchestrator.ts';
import { createNewId } from '../../../src/records/ids.ts';
import type { Operation } from '../../../src/records/operation.ts';
import type { Person } from '../../../src/records/person.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import type { ClusterOptions } from '../../../src/workspace/kubernetes/cluster-client.ts';
import { putBackOf } from '../../../src/workspace/kubernetes/guard-swaps.ts';
import { SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { createKubernetesPlatform } from '../../../src/workspace/kubernetes/platform.ts';
import { runGuard } from '../../../src/workspace/kubernetes/run-guard.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../../fakes/chat.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { type Layout, type LayoutOptions, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import type { ApiRequest } from '../../fakes/kube-api/requests.ts';
import { silent } from '../local/bench.ts';
import { createMatrixMover, type TreeRepository } from './matrix-mover.ts';

export const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };
export const bob: Person = { name: 'bob', proof: 'token', uid: 1001 };

/** What one scenario has of its own: the data folder and the repository. The cluster is the same for all. */
export interface Scenario {
  readonly folder: string;
  readonly repository: TreeRepository;
  readonly chat: FakeChatStore;
}

export interface Death {
  /** Which of its writes; from 1. */
  readonly at: number;
  readonly when: 'before' | 'after';
}

export interface LifeWish {
  readonly death?: Death;
  readonly policy?: object;
  /** Settings of the platform that are not as usual. */
  readonly settings?: object;
  readonly timing?: ClusterOptions['timing'];
  /** What movers do beside the data, as shell. */
  readonly script?: string;
}

export interface Life {
  readonly orchestrator: Orchestrator;
  readonly platform: WorkspacePlatform;
  readonly died: Promise<'died'>;
  readonly bugs: unknown[];
  isDead(): boolean;
  /** Writes that had an effect, or were about to. */
  writes(): readonly string[];
  backUp(): Promise<Operation>;
  restore(backup: string): Promise<Operation>;
  /** Takes up what an earlier life left, to its end. */
  recover(): Promise<Operation[]>;
}

export interface MatrixWorld {
  readonly lab: KubeLab;
  readonly layout: Layout;
  scenario(from?: Scenario): Promise<Scenario>;
  live(scenario: Scenario, wish?: LifeWish): Promise<Life>;
  /** How many guards wait or act now. */
  guards(): number;
  dispose(): Promise<void>;
}

/** One small workspace on a cluster; its guards run in this process, beside pods that only stand for them. */
export async function createMatrixWorld(
  make: (lab: KubeLab, options: LayoutOptions) => Promise<Layout> = makeEcsLonghorn,
  options: LayoutOptions = {},
): Promise<MatrixWorld> {
  const lab = await createKubeLab();
  const layout = await make(lab, { small: true, ...options });
  const root = await mkdtemp(join(tmpdir(), 'cml-matrix-'));
  const guards = watchGuards(lab);
  let scenarios = 0;
  let lives = 0;
  return {
    ...{ lab, layout },
    guards: () => guards.size,
    async scenario(from) {
      scenarios += 1;
      const folder = join(root, String(scenarios));
      await mkdir(join(folder, 'repository'), { recursive: true });
      if (from) await execa('cp', ['-aT', from.folder, folder]);
      else await mkdir(join(folder, 'catalog'));
      const { copies, made } = from?.repository ?? { copies: [], made: 0 };
      const repository = { folder: join(folder, 'repository'), copies: [...copies], made };
      return { folder, repository, chat: createFakeChatStore() };
    },
    live(scenario, wish) {
      lives += 1;
      return createLife(layout, scenario, `life-${lives}`, wish);
    },
    async dispose() {
      await lab.dispose();
      await Promise.allSettled(guards);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Real pods of guards take a second to start: here they only sleep, and what they would do is done in this process. */
function watchGuards(lab: KubeLab): Set<Promise<void>> {
  const running = new Set<Promise<void>>();
  const known = new Set<string>();
  const cluster = lab.cluster({}, 'guard');
  lab.store.listen(({ type, kind, object }) => {
    const { name, uid, labels } = object.metadata;
    if (kind.kind !== SECRET.kind || type === 'DELETED' || !name.startsWith('cml-guard') || known.has(uid)) return;
    known.add(uid);
    const operationId = labels?.['cml-backup/operation'] ?? '';
    const post = { namespace: WORKSPACE, operationId };
    const guard = runGuard(post, { cluster, clock: systemClock, log: silent, putBack: putBackOf() })
      .catch(() => undefined) // its cluster is gone
      .finally(() => running.delete(guard));
    running.add(guard);
  });
  return running;
}

const REVIEWS = /Review$/;

/** Not what only asks. */
function countsAsWrite({ dryRun, served }: ApiRequest): boolean {
  return !dryRun && !REVIEWS.test(served.kind.kind);
}

async function createLife(
  layout: Layout,
  { folder, repository, chat }: Scenario,
  caller: string,
  { death, policy: change = {}, settings: given = {}, timing = {}, script }: LifeWish = {},
): Promise<Life> {
  const { lab } = layout;
  const at = (...names: string[]) => join(folder, ...names);
  let isDead = false;
  let tellDeath: (word: 'died') => void = () => undefined;
  const died = new Promise<'died'>((resolve) => {
    tellDeath = resolve;
  });
  const die = () => {
    isDead = true;
    // Below what dies with us the client goes on trying: the server does not hear it any more.
    const isOurs = (request: ApiRequest) => request.caller === caller;
    lab.faults.add({ when: isOurs }, { kind: 'silent' }, Number.POSITIVE_INFINITY);
    lab.faults.dropWatches({ when: isOurs });
    tellDeath('died');
  };
  const mortal = <T extends object>(port: T): T => untilDead(port, () => isDead);
  const writes: string[] = [];
  lab.faults.beforeWrite((request) => {
    if (request.caller !== caller) return undefined;
    if (isDead) return 'silent';
    if (!countsAsWrite(request)) return undefined;
    writes.push(describeWrite(request));
    if (death?.when !== 'before' || writes.length !== death.at) return undefined;
    die();
    return 'silent';
  });
  lab.faults.afterWrite((request) => {
    if (request.caller !== caller) return undefined;
    if (death?.when === 'after' && writes.length >= death.at && countsAsWrite(request)) die();
    return isDead ? 'silent' : undefined;
  });
  const settings = kubernetesSettings.parse({ kind: 'kubernetes', stopWithin: 20_000, startWithin: 20_000, ...given });
  const policy = workspacePolicy.parse({ notice: '0s', grace: '1ms', approvers: ['alice', 'bob'], ...change });
  const platform = mortal(
    createKubernetesPlatform({
      ...{ workspace: WORKSPACE, settings, policy, image: 'cml-backup:1', folder: at('work') },
      ...{ runHere: createLocalRunProgram(), clock: systemClock, log: silent },
      // The first process of a pod ends by a signal only if it says so.
      guardProgram: ['sh', '-c', 'trap "exit 143" TERM; sleep 600 & wait'],
      cluster: mortal(lab.cluster(timing, caller)),
      life: caller,
    }),
  );
  const { run, prepare } = platform;
  const mover = mortal(
    createMatrixMover({ layout, repository, run, prepare, ...(script === undefined ? {} : { script }) }),
  );
  const catalog = mortal(createLowdbCatalog({ folder: at('catalog') }));
  const bugs: unknown[] = [];
  const orchestrator = createOrchestrator({
    ...{ catalog, chat: mortal(createFakeChat(chat)), clock: systemClock, log: silent },
    newId: createNewId(() => systemClock.now(), Math.random),
    delays: { firstMs: 20, longestMs: 200 },
    workspaces: { [WORKSPACE]: { name: WORKSPACE, platform: settings, repository: { kind: 'trees' }, policy } },
    refreshWorkspaces: async () => undefined,
    portsFor: () => ({ platform, mover }),
    workFolder: at('work'),
    onBug: (error) => bugs.push(error),
  });
  const ended = async (running: { readonly ended: Promise<Operation> } | undefined): Promise<Operation> => {
    if (!running) throw new Error('nothing was started');
    const operation = await running.ended;
    while (!orchestrator.isIdle()) await pause(2);
    if (bugs.length > 0) throw bugs[0];
    return operation;
  };
  return {
    ...{ orchestrator, platform, died, bugs },
    isDead: () => isDead,
    writes: () => writes,
    async backUp() {
      await catalog.open();
      return ended(await orchestrator.requestBackup(alice, { workspace: WORKSPACE }));
    },
    async restore(backup) {
      await catalog.open();
      const { id } = await orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE });
      return ended((await orchestrator.decide(bob, { request: id, approves: true })).running);
    },
    async recover() {
      const taken = await orchestrator.recover();
      await catalog.open();
      await orchestrator.takeTurns();
      const operations = await Promise.all(taken.map(ended));
      const later = orchestrator.running();
      return [...operations, ...(await Promise.all(later.map(ended)))];
    },
  };
}

function describeWrite({ verb, served, name, body }: ApiRequest): string {
  const named = name ?? (body as { metadata?: { name?: string } } | undefined)?.metadata?.name ?? '';
  return `${verb} ${served.kind.kind} ${named}`;
}

/** After death no call does anything or answers, also none that was under way. */
function untilDead<T extends object>(port: T, isDead: () => boolean): T {
  const never = new Promise<never>(() => {});
  const wrap = (value: unknown): unknown => {
    if (typeof value === 'function')
      return async (...words: unknown[]) => {
        if (isDead()) return never;
        try {
          const answer = await value(...words);
          return isDead() ? never : answer;
        } catch (error) {
          return isDead() ? never : Promise.reject(error);
        }
      };
    return value;
  };
  const entries = Object.entries(port).map(([name, value]) => [
    name,
    name !== 'capabilities' && value !== null && typeof value === 'object'
      ? untilDead(value as object, isDead)
      : name === 'requests'
        ? value
        : wrap(value),
  ]);
  return Object.fromEntries(entries) as T;
}
