import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { NETWORK_POLICY } from '../layouts/definition.ts';
import type { Stored } from '../store.ts';
import { environmentOf, fillIn } from './pod-environment.ts';
import { type Bind, layOutRoot } from './pod-root.ts';
import type { RunningProgram } from './program.ts';
import type { Directories, World } from './world.ts';

type Container = Stored['spec']['containers'][number];

/** What containerd gives a container that asks for nothing. */
const USUAL_CAPABILITIES =
  'chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write';

/**
 * Runs a container's program for real: first process of its own process and mount namespace, which is why a shell without a
 * trap does not heed SIGTERM, as in a real pod. Needs root and util-linux.
 */
export function runProgram(world: World, pod: Stored, container: Container, directories: Directories): RunningProgram {
  const environment = {
    ...{ HOME: '/root', HOSTNAME: pod.metadata.name },
    ...world.podEnvironment,
    ...environmentOf(world, pod, container),
  };
  const folder = join(world.folder, 'pods', pod.metadata.uid, container.name);
  const root = join(folder, 'root');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const fstab = join(folder, 'fstab');
  writeFileSync(fstab, layOutRoot(root, bindsOf(world, pod, container, directories, environment)));
  const words = [...(container.command ?? ['sh']), ...(container.args ?? [])];
  const command = words.map((word: string) => fillIn(word, environment));
  const user = { ...pod.spec.securityContext, ...container.securityContext };
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${root}/proc`],
      ...(isCutOff(world, pod) ? ['--net'] : []),
      ...['sh', '-c', 'mount --all --fstab "$1" && shift && exec "$@"', 'sh', fstab],
      ...['chroot', root, ...asUser(user), 'env', `--chdir=${container.workingDir ?? '/'}`, ...command],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: environment },
  );
  keepLog(world, pod, container, child);
  return follow(world, pod, container, child, folder);
}

/**
 * By a policy that lets nothing out; one with rules is not looked at. A real network is silent where this one says at once
 * that there is no way.
 */
function isCutOff({ store }: World, { metadata }: Stored): boolean {
  return store.list(NETWORK_POLICY, metadata.namespace).some(({ spec }) => {
    const selected = Object.entries(spec.podSelector?.matchLabels ?? {});
    const isClosed = spec.policyTypes?.includes('Egress') && (spec.egress ?? []).length === 0;
    return isClosed && selected.every(([name, value]) => metadata.labels?.[name] === value);
  });
}

function bindsOf(
  world: World,
  pod: Stored,
  container: Container,
  directories: Directories,
  environment: Record<string, string>,
): Bind[] {
  const image = world.imagePaths.map((path) => ({ source: path, target: path, readOnly: true }));
  const mounts = (container.volumeMounts ?? []).map((mount: Container): Bind => {
    const volume = pod.spec.volumes.find(({ name }: { name: string }) => name === mount.name);
    const below = mount.subPath ?? fillIn(mount.subPathExpr ?? '', environment);
    const source = join(directories[mount.name] ?? '/nowhere', below);
    const isFixed =
      volume.secret ||
      volume.configMap ||
      volume.projected ||
      volume.downwardAPI ||
      volume.persistentVolumeClaim?.readOnly;
    const readOnly = Boolean(mount.readOnly || isFixed || volume.nfs?.readOnly);
    return { source, target: mount.mountPath.replace(/^\/var\/run\//, '/run/').replace(/\/$/, ''), readOnly };
  });
  return [...image, ...mounts];
}

/** Words that take away what the security context does not give. */
function asUser(context: Container): string[] {
  const { add = [], drop = [] } = context.capabilities ?? {};
  const lower = (names: string[]) => names.map((name) => name.toLowerCase().replace(/^cap_/, ''));
  const kept = lower(drop).includes('all') ? [] : USUAL_CAPABILITIES.split(' ');
  const all = [...new Set([...kept.filter((name) => !lower(drop).includes(name)), ...lower(add)])];
  const groups = context.runAsGroup ?? (context.runAsUser === undefined ? undefined : 0);
  return [
    ...['setpriv', `--bounding-set=-all${all.map((name) => `,+${name}`).join('')}`],
    ...(context.runAsUser === undefined ? [] : [`--reuid=${context.runAsUser}`]),
    ...(groups === undefined ? [] : [`--regid=${groups}`]),
    ...(context.fsGroup === undefined
      ? context.runAsUser === undefined
        ? []
        : ['--clear-groups']
      : [`--groups=${context.fsGroup}`]),
    ...(context.allowPrivilegeEscalation === false ? ['--no-new-privs'] : []),
  ];
}

/** Both streams into one log, by whole lines, as the container runtime does. */
function keepLog(world: World, pod: Stored, container: Container, child: ChildProcess): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const end = text.lastIndexOf('\n') + 1;
      if (end > 0) world.logs.append(pod.metadata.uid, container.name, rest + text.slice(0, end));
      rest = end > 0 ? text.slice(end) : rest + text;
    });
    stream?.on('end', () => {
      if (rest !== '') world.logs.append(pod.metadata.uid, container.name, rest);
    });
  }
}

function follow(world: World, pod: Stored, container: Container, child: ChildProcess, folder: string): RunningProgram {
  let isOver = false;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      isOver = true;
      world.logs.end(pod.metadata.uid, container.name);
      rmSync(folder, { recursive: true, force: true });
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
  return {
    ended,
    end(graceSeconds) {
      if (isOver) return;
      for (const pid of firstProcessOf(child)) process.kill(pid, 'SIGTERM');
      world.after(graceSeconds * world.delays.second, () => child.kill('SIGKILL'));
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** The kubelet's signal goes to the first process of the container alone. */
function firstProcessOf({ pid }: ChildProcess): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has just ended
  }
}
