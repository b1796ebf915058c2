import type { V1Job } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Program } from '../../program.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { endJob } from './end-programs.ts';
import { openGate } from './gate.ts';
import { describeJob, labelsOf } from './job-spec.ts';
import { JOB, NAMESPACE } from './kinds.ts';
import { LABELS, MOUNTS, NOTES, OURS } from './names.ts';
import { mountPlaces } from './places.ts';
import { fingerprintOf, markOf, programScript } from './program-script.ts';
import { keepSecret, secretMounts } from './secrets.ts';

/** OpenShift's own range of SELinux levels for a namespace. */
const SELINUX_LEVEL = 'openshift.io/sa.scc.mcs';

/** A program that is to be a Job. */
export interface Asked {
  readonly name: string;
  readonly operationId: string;
  readonly program: Program;
  readonly beginsWithinMs: number;
  readonly seLinuxLevel: () => Promise<string | undefined>;
  /** It waits at a gate until it is asked for, no longer than so many milliseconds. */
  readonly gatedForMs?: number;
  /** Default mover. */
  readonly role?: 'mover' | 'holder';
}

/** Undefined when the program has to be started; then nothing of an earlier run is left. */
export async function adopt(context: KubeContext, { name, program, gatedForMs }: Asked): Promise<V1Job | undefined> {
  const found = await context.cluster.read(JOB, name, context.namespace);
  if (!found) return undefined;
  const { labels, annotations, deletionTimestamp } = found.metadata ?? {};
  if (labels?.[LABELS.managedBy] !== OURS || labels?.[LABELS.workspace] !== context.workspace)
    throw new PortError('platform-unavailable', `There is a Job ${name} in ${context.namespace} that is not ours`);
  const isSame = annotations?.[NOTES.asked] === fingerprintOf(program) && program.fresh !== true;
  const isUsable = isSame && deletionTimestamp === undefined;
  if (isUsable && (gatedForMs !== undefined || (await openGate(context, found)))) return found;
  await endJob(context, found);
  return undefined;
}

/** Makes it, and takes the one that is there already for it. */
export async function start(context: KubeContext, asked: Asked, signal: AbortSignal | undefined): Promise<V1Job> {
  const { name, operationId, program, gatedForMs, role } = asked;
  signal?.throwIfAborted();
  const [places, seLinuxLevel] = await Promise.all([
    mountPlaces(context, operationId, program.needs?.places ?? [], signal),
    asked.seLinuxLevel(),
  ]);
  const script = programScript(program, markOf(name, program), {
    slow: places.slow,
    isGated: gatedForMs !== undefined,
  });
  await keepSecret(context, name, labelsOf(context, operationId, 'secret'), program, script);
  signal?.throwIfAborted();
  const secrets = secretMounts(name, program, isRoot(context) && program.needs?.uid === undefined);
  const job = describeJob(context, { name, operationId, program, places, secrets, seLinuxLevel, gatedForMs, role });
  try {
    return await context.cluster.create(JOB, job);
  } catch (error) {
    const made = isRefusal(error, 'AlreadyExists')
      ? await adopt(context, { ...asked, program: { ...program, fresh: false } })
      : undefined;
    if (made) return made;
    throw error;
  }
}

/** A path that no platform gave out is a folder of ours: what an operation writes down is stored from here. */
export function needsWorkspace({ needs }: Program): boolean {
  if (needs?.nearData) return true;
  return needs?.places?.some(({ path }) => path === MOUNTS || path.startsWith(`${MOUNTS}/`)) ?? false;
}

function isRoot({ settings }: KubeContext): boolean {
  const user = settings.movers.securityContext?.runAsUser;
  return settings.movers.securityContext === undefined || user === 0;
}

/** Of the namespace, asked once. */
export function rememberSeLinuxLevel({ cluster, namespace }: KubeContext): () => Promise<string | undefined> {
  let level: Promise<string | undefined> | undefined;
  const read = async () => (await cluster.read(NAMESPACE, namespace))?.metadata?.annotations?.[SELINUX_LEVEL];
  return () => {
    level ??= read().catch((error: unknown) => {
      level = undefined;
      throw error;
    });
    return level;
  };
}
