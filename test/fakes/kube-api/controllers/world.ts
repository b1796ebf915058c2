import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kind } from '../../../../src/workspace/kubernetes/kinds.ts';
import { VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import { type Change, Refused, type Store, type Stored } from '../store.ts';
import { createPodLogs, type PodLogs } from './logs.ts';
import type { RunningProgram } from './program.ts';

/** In milliseconds; may be changed at any time. Real clusters take 10 to 1,000 times as long. */
export interface Delays {
  /** Until a controller looks at what changed. */
  act: number;
  /** Until a Job follows its pods, an owner's end is felt by what it owned, and a refused write is tried again. */
  status: number;
  retry: number;
  /** Until autoscalers and reconcilers put right what they do not like. */
  reconcile: number;
  /** From ContainerCreating to Running, and from Running to Ready, of a pod that only pretends to run. */
  start: number;
  ready: number;
  /** How long a pretending pod takes to end when it heeds SIGTERM, and from its end to its DELETED. */
  end: number;
  gone: number;
  /** What a second of `terminationGracePeriodSeconds` is for pretending pods, */
  pretendedSecond: number;
  /** and for pods that really run; also for deadlines and time to live of Jobs. */
  second: number;
}

/** What a pretending pod does; found by the name of its workload, or its own, with or without `<namespace>/`. */
export interface Behaviour {
  /** Goes on until its grace ends and is killed: exit code 137. */
  readonly ignoresTerm?: boolean;
  /** Never ends, whatever it is sent: its node is lost. Removed with grace 0 it disappears. */
  readonly neverEnds?: boolean;
  readonly neverReady?: boolean;
  /** Stays in ContainerCreating. */
  readonly neverStarts?: boolean;
  readonly startMs?: number;
  readonly readyMs?: number;
  readonly endMs?: number;
  /** Ends by itself after this, with this exit code. Absent: at once when a Job owns it, else never. */
  readonly endsAfterMs?: number;
  readonly exitCode?: number;
  /** Directories of the pod's volumes by the volume's name in the pod; answers why the program ends at once, each time. */
  readonly refuses?: (directories: Directories, pod: Stored) => string | undefined;
  /** Done once when it starts. */
  readonly starts?: (directories: Directories, pod: Stored) => void;
  /** While it is Running it does this every so often to its volumes. */
  readonly works?: {
    readonly everyMs: number;
    readonly work: (directories: Directories, pod: Stored) => void;
  };
}

export type Directories = Readonly<Record<string, string>>;

/** What all controllers share. */
export interface World {
  readonly store: Store;
  readonly delays: Delays;
  readonly now: () => Date;
  /** All that the double keeps on disk. */
  readonly folder: string;
  readonly behaviours: Map<string, Behaviour>;
  /** Programs of pods by the pod's uid, while they run. */
  readonly programs: Map<string, RunningProgram>;
  readonly logs: PodLogs;
  /** Whether a node has a volume: replaced by the controller of attachments. */
  isAttached: (volumeName: string, nodeName: string) => boolean;
  /** Where a volume's files are; replaced by who knows better. */
  directoryOf: (volumeName: string) => string;
  /** Where the files of an NFS export, or of a path below it, are. */
  exportOf: (server: string, path: string) => string;
  /** Added to the environment of pods that really run: how they reach the API server. */
  readonly podEnvironment: Record<string, string>;
  /** May run a pod's container inside this process instead of in one of its own; undefined: it does not. */
  runInside: (pod: Stored, container: Stored['spec']) => RunningProgram | undefined;
  /** Paths of this machine that pods which really run see at the same place, as if their image had them; read-only. */
  readonly imagePaths: string[];
  /** Runs once, later; not after `stop`. */
  after(ms: number, work: () => void): () => void;
  /** Runs when the world stops. */
  onStop(work: () => void | Promise<void>): void;
  /** What controllers could not do; a test looks here when it is puzzled. */
  readonly failures: unknown[];
  stop(): Promise<void>;
}

/** Stands for what our image holds: the built program and restic. Found from the sources and from what is built of them. */
const PROJECT = projectAround(import.meta.dirname);

function projectAround(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : projectAround(dirname(folder));
}

const QUICK: Delays = {
  ...{ act: 1, status: 3, retry: 20, reconcile: 10, start: 5, ready: 5, end: 5, gone: 3 },
  ...{ pretendedSecond: 10, second: 1_000 },
};

export interface WorldOptions {
  readonly store: Store;
  readonly folder: string;
  readonly now?: () => Date;
  readonly delays?: Partial<Delays>;
}

export function createWorld({ store, folder, now = () => new Date(), delays = {} }: WorldOptions): World {
  const timers = new Set<NodeJS.Timeout>();
  const endings: (() => void | Promise<void>)[] = [];
  let isStopped = false;
  const world: World = {
    store,
    now,
    folder,
    delays: { ...QUICK, ...delays },
    behaviours: new Map(),
    podEnvironment: { PATH: `${process.env.PATH}:${join(PROJECT, '.cache/restic')}` },
    imagePaths: [PROJECT],
    runInside: () => undefined,
    failures: [],
    programs: new Map(),
    logs: createPodLogs(now),
    isAttached: () => true,
    directoryOf(volumeName) {
      const nfs = store.get(VOLUME, volumeName)?.spec?.nfs;
      return nfs ? world.exportOf(nfs.server, nfs.path) : made(join(folder, 'volumes', volumeName));
    },
    exportOf: (server, path) => made(join(folder, 'exports', server, path)),
    after(ms, work) {
      if (isStopped) return () => {};
      const timer = setTimeout(() => {
        timers.delete(timer);
        work();
      }, ms);
      timers.add(timer);
      return () => {
        timers.delete(timer);
        clearTimeout(timer);
      };
    },
    onStop: (work) => endings.push(work),
    async stop() {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
      for (const end of endings.splice(0).reverse()) await end();
    },
  };
  return world;
}

function made(directory: string): string {
  mkdirSync(directory, { recursive: true });
  return directory;
}

export interface Controller {
  /** Changes of these make it look. */
  readonly kinds: readonly Kind[];
  /** What is to be looked at after a change; a key is looked at once however often it is named meanwhile. */
  readonly keysOf: (change: Change) => readonly string[];
  readonly look: (key: string) => void | Promise<void>;
  /** Read at each use. Default `act`. */
  readonly delay?: () => number;
}

/** Calls `look` for everything that is there and for everything that changes; what was refused is tried again. */
export function startController(world: World, { kinds, keysOf, look, delay }: Controller): () => void {
  const names = new Set(kinds.map(titled));
  const waiting = new Set<string>();
  const busy = new Set<string>();
  const again = new Set<string>();
  let isStopped = false;

  function ask(key: string, ms = (delay ?? (() => world.delays.act))()): void {
    if (isStopped || waiting.has(key)) return;
    if (busy.has(key)) {
      again.add(key);
      return;
    }
    waiting.add(key);
    world.after(ms, () => {
      waiting.delete(key);
      if (!isStopped) void turn(key);
    });
  }
  async function turn(key: string): Promise<void> {
    busy.add(key);
    let isRefused = false;
    try {
      await look(key);
    } catch (error) {
      isRefused = error instanceof Refused;
      if (!isRefused) world.failures.push(error);
    } finally {
      busy.delete(key);
      if (again.delete(key)) ask(key);
      else if (isRefused) ask(key, world.delays.retry);
    }
  }
  const hear = (change: Change) => {
    if (names.has(titled(change.kind))) for (const key of keysOf(change)) ask(key);
  };
  for (const kind of kinds)
    for (const object of world.store.list(kind)) hear({ type: 'ADDED', kind, object, version: 0 });
  const stopListening = world.store.listen(hear);
  return () => {
    isStopped = true;
    stopListening();
  };
}

const titled = ({ apiVersion, kind }: Kind) => `${apiVersion}/${kind}`;

/** `<namespace>/<name>`; of what has no namespace `/<name>`. */
export function keyOf({ metadata }: Stored): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
