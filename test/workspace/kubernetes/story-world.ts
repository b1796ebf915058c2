import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLowdbCatalog } from '../../../src/catalog/lowdb/lowdb-catalog.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { createResticMover } from '../../../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../../../src/mover/restic/settings.ts';
import { createOrchestrator, type Orchestrator } from '../../../src/orchestrator/orchestrator.ts';
import { createNewId } from '../../../src/records/ids.ts';
import type { Operation } from '../../../src/records/operation.ts';
import type { Person } from '../../../src/records/person.ts';
import type { Request } from '../../../src/records/request.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import { LABELS, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { createKubernetesPlatform } from '../../../src/workspace/kubernetes/platform.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../../fakes/chat.ts';
import { SERVED } from '../../fakes/kube-api/kinds-served.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { type Layout, type LayoutOptions, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import type { Stored } from '../../fakes/kube-api/store.ts';
import { serveRepository } from '../../fakes/rest-repository.ts';
import { candidates } from '../../mover/restic-world.ts';
import type { Tree } from '../../walker.ts';

export const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };
export const bob: Person = { name: 'bob', proof: 'token', uid: 1001 };

const isOurs = ({ metadata }: Pick<Stored, 'metadata'>) => metadata.labels?.[LABELS.managedBy] === OURS;
const GUARD = resolve('dist/src/workspace/kubernetes/guard-main.js');

/** The product without its command line, over a whole workspace on a cluster and a repository that its pods reach. */
export interface StoryWorld {
  readonly layout: Layout;
  readonly lab: KubeLab;
  readonly orchestrator: Orchestrator;
  readonly platform: WorkspacePlatform;
  readonly chat: FakeChatStore;
  /** Holds all that the product keeps on disk. */
  readonly folder: string;
  backUp(): Promise<Operation>;
  /** Asked by one, approved by another. */
  approved(request: Promise<Request>): Promise<Operation>;
  trees(): Promise<Record<string, Tree>>;
  /** What carries our label in the cluster: `<kind> <role> <name>`. */
  ours(): string[];
  /** What we noted on objects that are not ours: `<kind> <name> <note>`. */
  notes(): string[];
  /** Lets so many days pass for what time alone brings about. */
  sweepAfterDays(days: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface StoryWish {
  readonly make: (lab: KubeLab, options: LayoutOptions) => Promise<Layout>;
  readonly platform?: object;
  readonly policy?: object;
  /** How long a repository may take to answer a Job, in milliseconds. */
  readonly reachesWithinMs?: number;
  /** Makes another workspace in a namespace of its own, with a repository of its own; answers its name. */
  readonly also?: (lab: KubeLab) => Promise<string>;
}

export async function createStoryWorld(wish: StoryWish): Promise<StoryWorld> {
  const lab = await createKubeLab();
  const layout = await wish.make(lab, { small: true });
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cml-story-')));
  const at = (...names: string[]) => join(root, ...names);
  const served = await serveRepository(at('repository'));
  lab.world.imagePaths.push(...candidates.filter((path) => path.startsWith('/tmp/')));
  await writeFile(at('password'), 'correct horse\n', { mode: 0o600 });
  let skewMs = 0;
  const clock: Clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + skewMs) };
  const log = createLog({ write: () => undefined }, 'silent');
  const settings = kubernetesSettings.parse({ kind: 'kubernetes', kubeconfig: lab.kubeconfig, ...wish.platform });
  const policy = workspacePolicy.parse({ notice: '0s', approvers: ['alice', 'bob'], ...wish.policy });
  const platformOf = (workspace: string) =>
    createKubernetesPlatform({
      ...{ workspace, settings, policy, clock, log, image: 'cml-backup:1', folder: at('work') },
      runHere: createLocalRunProgram(),
      guardProgram: [process.execPath, GUARD],
    });
  const platform = platformOf(WORKSPACE);
  const repositoryOf = (workspace: string) => {
    const location = workspace === WORKSPACE ? served.location : at(`repository-${workspace}`);
    return { kind: 'restic', location, passwordFile: at('password'), lockWait: '1s' };
  };
  const names = [WORKSPACE, ...(wish.also ? [await wish.also(lab)] : [])];
  const moverOf = (workspace: string, { run, prepare }: WorkspacePlatform) => {
    const [repository, cacheFolder] = [repositoryOf(workspace), at(`cache-${workspace}`)];
    return createResticMover({
      ...{ settings: resticSettings.parse(repository), workspace, run, prepare, candidates, cacheFolder },
      ...(wish.reachesWithinMs === undefined ? {} : { reachesWithinMs: wish.reachesWithinMs }),
    });
  };
  const mover = moverOf(WORKSPACE, platform);
  await mover.init({ folder: at('work', 'init'), key: 'init' });
  await mkdir(at('catalog'));
  const catalog = createLowdbCatalog({ folder: at('catalog') });
  await catalog.open();
  const chat = createFakeChatStore();
  const bugs: unknown[] = [];
  const orchestrator = createOrchestrator({
    ...{ catalog, chat: createFakeChat(chat), clock, log },
    newId: createNewId(() => clock.now(), Math.random),
    delays: { firstMs: 50, longestMs: 500 },
    workspaces: Object.fromEntries(
      names.map((name) => [name, { name, platform: settings, repository: repositoryOf(name), policy }]),
    ),
    refreshWorkspaces: async () => undefined,
    portsFor({ name }, near) {
      if (name === WORKSPACE && near === undefined) return { platform, mover };
      const own = platformOf(name);
      return { platform: own, mover: moverOf(name, near ? platformOf(near.name) : own) };
    },
    workFolder: at('work'),
    onBug: (error) => bugs.push(error),
  });
  await orchestrator.takeTurns();

  const ended = async (running: { readonly ended: Promise<Operation> } | undefined): Promise<Operation> => {
    if (!running) throw new Error('nothing was started');
    const operation = await running.ended;
    if (bugs.length > 0) throw bugs[0];
    // The door forgets an operation a moment after its end.
    while (orchestrator.running().length > 0) await pause(5);
    return operation;
  };
  const objects = () =>
    SERVED.flatMap(({ kind }) => lab.store.list(kind).map((object) => ({ ...object, kind: kind.kind })));
  return {
    ...{ layout, lab, orchestrator, platform, chat, folder: root },
    backUp: async () => ended(await orchestrator.requestBackup(alice, { workspace: WORKSPACE, noticeMs: 0 })),
    async approved(request) {
      const { id } = await request;
      return ended((await orchestrator.decide(bob, { request: id, approves: true })).running);
    },
    async trees() {
      const walked = layout.parts.map(async ({ name }) => [name, await layout.walk(name)] as const);
      return Object.fromEntries(await Promise.all(walked));
    },
    ours: () =>
      objects()
        .filter(isOurs)
        .map(({ kind, metadata }) => `${kind} ${metadata.labels?.[LABELS.role]} ${metadata.name}`),
    notes: () =>
      objects()
        .filter((object) => !isOurs(object))
        .flatMap(({ kind, metadata }) =>
          Object.keys({ ...metadata.labels, ...metadata.annotations })
            .filter((key) => key.startsWith('cml-backup/'))
            .map((key) => `${kind} ${metadata.name} ${key}`),
        ),
    async sweepAfterDays(days) {
      skewMs += days * 86_400_000;
      await orchestrator.sweep();
    },
    async dispose() {
      await orchestrator.wrapUp();
      await lab.dispose();
      await served.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
