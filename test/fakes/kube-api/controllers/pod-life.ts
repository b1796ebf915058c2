import { setTimeout as sleep } from 'node:timers/promises';
import { ATTACHMENT, CLAIM, CONFIG_MAP, POD, SECRET, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { showOwnFields } from './downward.ts';
import { type ContainerState, type Ended, type PodStage, stamp, writeStatus } from './pod-status.ts';
import { mountVolumes, waitsFor } from './pod-volumes.ts';
import { behaviourOf, pretend } from './pretend.ts';
import type { RunningProgram } from './program.ts';
import { runProgram } from './run-program.ts';
import type { Directories, World } from './world.ts';

/** One pod on its node, from its first container to its end. */
export interface PodLife {
  /** Tells its program to end; after that the pod is removed. */
  end(graceSeconds: number): void;
  /** The pod's object is gone. */
  kill(): void;
}

interface Self {
  readonly world: World;
  readonly pod: Stored;
  readonly isReal: boolean;
  readonly leaving: AbortController;
  program: RunningProgram | undefined;
  stage: PodStage;
  restarts: number;
}

const CREATING: PodStage = { phase: 'Pending', state: { waiting: { reason: 'ContainerCreating' } } };
/** A container that ended is started again after this; the kubelet begins with 10 s. */
const RESTART_MS = 20;

export function livePod(world: World, pod: Stored, isReal: boolean): PodLife {
  const self: Self = {
    world,
    pod,
    isReal,
    leaving: new AbortController(),
    program: undefined,
    stage: CREATING,
    restarts: 0,
  };
  world.onStop(() => self.leaving.abort());
  let isTold = false;
  const running = live(self).catch((error) => {
    if (!self.leaving.signal.aborted) world.failures.push(error);
  });
  return {
    end(graceSeconds) {
      if (!isTold) show(self, self.stage);
      if (self.program) self.program.end(graceSeconds);
      else self.leaving.abort();
      if (!isTold) void running.then(() => world.after(world.delays.gone, () => remove(self)));
      isTold = true;
    },
    kill() {
      self.program?.kill();
      self.leaving.abort();
    },
  };
}

/** Writes how it stands, if it still stands. */
function show({ world, pod }: Self, stage: PodStage): void {
  const { name, namespace, uid } = pod.metadata;
  world.store.edit(POD, name, namespace, (standing) => {
    if (standing.metadata.uid === uid) writeStatus(standing, stage, world.now());
  });
}

function step(self: Self, stage: PodStage): void {
  self.stage = { restarts: self.restarts, ...stage };
  show(self, self.stage);
}

function remove({ world, pod }: Self): void {
  const { name, namespace, uid } = pod.metadata;
  if (world.store.get(POD, name, namespace)?.metadata.uid !== uid) return;
  world.store.remove(POD, name, namespace, { graceSeconds: 0, uid });
}

async function live(self: Self): Promise<void> {
  const { world, pod, leaving } = self;
  step(self, CREATING);
  const behaviour = self.isReal ? {} : behaviourOf(world, pod);
  if (behaviour.neverStarts) return;
  await mountable(self);
  const directories = mountVolumes(world, pod);
  world.onStop(
    showOwnFields(world, world.store.get(POD, pod.metadata.name, pod.metadata.namespace) ?? pod, directories),
  );
  if (!(await initialise(self, directories))) return;
  for (;;) {
    if (!self.isReal) await sleep(behaviour.startMs ?? world.delays.start, undefined, { signal: leaving.signal });
    const startedAt = stamp(world.now());
    const why = behaviour.refuses?.(directories, pod);
    const exitCode = why === undefined ? await run(self, directories, startedAt) : refuse(self, why);
    const ended: Ended = {
      ...{ exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt },
      finishedAt: stamp(world.now()),
    };
    if (!(await isRestarted(self, ended))) return;
  }
}

/** Runs it to its end; says Running and Ready meanwhile. */
async function run(self: Self, directories: Directories, startedAt: string): Promise<number> {
  const { world, pod } = self;
  const [container] = pod.spec.containers;
  const behaviour = self.isReal ? {} : behaviourOf(world, pod);
  behaviour.starts?.(directories, pod);
  const program = self.isReal
    ? (world.runInside(pod, container) ?? runProgram(world, pod, container, directories))
    : pretend(world, behaviour, directories, pod);
  self.program = program;
  world.programs.set(pod.metadata.uid, program);
  const over = program.ended.then(() => 'over' as const);
  const state: ContainerState = { running: { startedAt } };
  const isProbed = container.readinessProbe !== undefined || behaviour.readyMs !== undefined;
  const early = self.isReal ? await Promise.race([over, sleep(world.delays.start)]) : undefined;
  if (early !== 'over') {
    step(self, { phase: 'Running', state, ready: !isProbed && !behaviour.neverReady });
    if (isProbed && !behaviour.neverReady) {
      const probed = await Promise.race([over, sleep(behaviour.readyMs ?? world.delays.ready)]);
      if (probed !== 'over' && !isLeaving(self)) step(self, { phase: 'Running', state, ready: true });
    }
  }
  const exitCode = await program.ended;
  world.programs.delete(pod.metadata.uid);
  return exitCode;
}

function refuse({ world, pod }: Self, why: string): number {
  world.logs.append(pod.metadata.uid, pod.spec.containers[0].name, `FATAL: ${why}\n`);
  return 1;
}

/** Says how it ended; true when the pod's policy has it started again. */
async function isRestarted(self: Self, ended: Ended): Promise<boolean> {
  const { world, pod, leaving } = self;
  const phase = ended.exitCode === 0 ? 'Succeeded' : 'Failed';
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (isLeaving(self)) {
    step(self, { phase, state: { terminated: ended } });
    return false;
  }
  self.program = undefined;
  if (policy === 'Never' || (policy === 'OnFailure' && ended.exitCode === 0)) {
    step(self, { phase: self.stage.phase, state: { terminated: ended } });
    await sleep(world.delays.end, undefined, { signal: leaving.signal });
    step(self, { phase, state: { terminated: ended } });
    return false;
  }
  self.restarts += 1;
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' };
  step(self, { phase: 'Running', state: { waiting }, lastState: { terminated: ended } });
  await sleep(RESTART_MS, undefined, { signal: leaving.signal });
  return true;
}

function isLeaving({ world, pod, leaving }: Self): boolean {
  const { name, namespace } = pod.metadata;
  return leaving.signal.aborted || world.store.get(POD, name, namespace)?.metadata.deletionTimestamp !== undefined;
}

/** One after the other; false when one failed. */
async function initialise(self: Self, directories: Directories): Promise<boolean> {
  const { world, pod } = self;
  if (!self.isReal) return true;
  for (const container of pod.spec.initContainers ?? []) {
    step(self, { phase: 'Pending', state: { waiting: { reason: 'PodInitializing' } } });
    const startedAt = stamp(world.now());
    self.program = runProgram(world, pod, container, directories);
    world.programs.set(pod.metadata.uid, self.program);
    const exitCode = await self.program.ended;
    self.program = undefined;
    if (exitCode === 0 && !isLeaving(self)) continue;
    const terminated = { exitCode, reason: 'Error', startedAt, finishedAt: stamp(world.now()) };
    step(self, { phase: 'Failed', state: { terminated } });
    return false;
  }
  return true;
}

/** Answers when the node can mount all its volumes. */
async function mountable({ world, pod, leaving }: Self): Promise<void> {
  const kinds = new Set([SECRET, CONFIG_MAP, CLAIM, VOLUME, ATTACHMENT].map(({ kind }) => kind));
  await new Promise<void>((resolve, reject) => {
    const finish = (work: () => void) => {
      stopListening();
      leaving.signal.removeEventListener('abort', leave);
      work();
    };
    const leave = () => finish(() => reject(leaving.signal.reason));
    const look = () => {
      const why = waitsFor(world, pod);
      if (why === undefined) finish(resolve);
    };
    const isNear = ({ metadata }: Stored) => [undefined, pod.metadata.namespace].includes(metadata.namespace);
    const stopListening = world.store.listen(({ kind, object }) => {
      if (kinds.has(kind.kind) && isNear(object)) look();
    });
    leaving.signal.addEventListener('abort', leave);
    look();
  });
}
