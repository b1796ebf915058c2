import type { Stored } from '../store.ts';
import { KILLED, type RunningProgram } from './program.ts';
import type { Behaviour, World } from './world.ts';

/** How often a pod that cannot end is looked at again. */
const STUCK_MS = 20;

/** A program of somebody else: it stays until it is told to end, and works on its volumes as its behaviour says. */
export function pretend(
  world: World,
  behaviour: Behaviour,
  directories: Readonly<Record<string, string>>,
  pod: Stored,
): RunningProgram {
  let finish: (exitCode: number) => void = () => {};
  let isOver = false;
  const { works } = behaviour;
  const ended = new Promise<number>((resolve) => {
    finish = (exitCode) => {
      isOver = true;
      resolve(exitCode);
    };
  });
  const turn = () => {
    if (isOver || !works) return;
    works.work(directories, pod);
    world.after(works.everyMs, turn);
  };
  turn();
  const endsAfterMs = behaviour.endsAfterMs ?? (isOfJob(pod) ? world.delays.end : Number.POSITIVE_INFINITY);
  if (Number.isFinite(endsAfterMs)) world.after(endsAfterMs, () => finish(behaviour.exitCode ?? 0));
  const end = (graceSeconds: number): void => {
    if (behaviour.neverEnds) {
      // What holds it may come back, such as the server of its files.
      world.after(STUCK_MS, () => end(graceSeconds));
      return;
    }
    const graceMs = graceSeconds * world.delays.pretendedSecond;
    const neededMs = behaviour.endMs ?? world.delays.end;
    if (behaviour.ignoresTerm || neededMs > graceMs) world.after(graceMs, () => finish(KILLED));
    else world.after(neededMs, () => finish(0));
  };
  return {
    ended,
    end,
    kill: () => finish(KILLED),
  };
}

const isOfJob = ({ metadata }: Stored) => metadata.ownerReferences?.some(({ kind }) => kind === 'Job') ?? false;

/** By the pod's own name, else by that of its workload; with its namespace first. */
export function behaviourOf(world: World, pod: Stored): Behaviour {
  const { name, namespace, generateName } = pod.metadata;
  const hash = pod.metadata.labels?.['pod-template-hash'];
  const base = (generateName?.replace(/-$/, '') ?? name).replace(isOfJob(pod) ? /-\d+$/ : /$^/, '');
  const workload = hash !== undefined && base.endsWith(`-${hash}`) ? base.slice(0, -hash.length - 1) : base;
  for (const key of [`${namespace}/${name}`, name, `${namespace}/${workload}`, workload]) {
    const found = world.behaviours.get(key);
    if (found) return found;
  }
  return {};
}
