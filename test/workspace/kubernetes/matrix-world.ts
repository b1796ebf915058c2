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
import { createKubernetesPlatform } from '../../../src/workspace/kubernetes/platform.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../../fakes/chat.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { type Layout, type LayoutOptions, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import type { ApiRequest } from '../../fakes/kube-api/requests.ts';
import { silent } from '../local/bench.ts';
import { type Guards, STANDS_FOR_GUARD, watchGuards } from './matrix-guards.ts';
import { createMatrixMover, type TreeRepository } from './matrix-mover.ts';
import { untilDead } from './until-dead.ts';

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
  readonly guardProgram?: readonly string[];
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
  readonly guards: Guards;
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
    ...{ lab, layout, guards },
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
      guards.dispose();
      await lab.dispose();
      await rm(root, { recursive: true, force: true });
    },
  };
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
  wish: LifeWish = {},
): Promise<Life> {
  const { lab } = layout;
  const { death, policy: change = {}, settings: given = {}, timing = {}, script } = wish;
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
      guardProgram: wish.guardProgram ?? STANDS_FOR_GUARD,
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
