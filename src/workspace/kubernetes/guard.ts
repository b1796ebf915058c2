import { randomUUID } from 'node:crypto';
import type { V1Job, V1Secret } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { DefinitionFile, RunningNote } from '../platform.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { guardJob } from './guard-job.ts';
import { ANSWER, definitionSecrets, type GuardOrder, orderSecret, readOrder } from './guard-order.ts';
import { JOB, POD, SECRET } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { guardName } from './taken-over.ts';

/** Together less than what the story gives the whole step. A node without our image pulls it first. */
const START_MS = 240_000;
const GONE_MS = 40_000;

export interface Arming {
  readonly context: KubeContext;
  /** What the guard's container runs, with the namespace and the operation's id behind: `node <...>/guard-main.js`. */
  readonly guardProgram: readonly string[];
  readonly pageCommand?: readonly string[] | undefined;
}

/** Resolves when a guard runs that has read this order. A guard of the same operation is told, not doubled. */
export async function armGuard(
  { context, guardProgram, pageCommand }: Arming,
  note: RunningNote,
  actsAt: string,
  putBack?: DefinitionFile,
): Promise<void> {
  const { workspace, namespace, settings, policy, image, clock } = context;
  const { operationId } = note;
  const base = { workspace, namespace, operationId };
  const pieces = putBack === undefined ? [] : await definitionSecrets(base, putBack);
  for (const piece of pieces) await write(context, piece);
  const order: GuardOrder = {
    ...base,
    ...{ settings, policy, image, note, actsAt, nonce: randomUUID() },
    ...(putBack && { putBack: { sha256: putBack.sha256, release: putBack.release, pieces: pieces.length } }),
    spanMs: Math.max(0, Date.parse(actsAt) - clock.now().getTime()),
    ...(pageCommand && { pageCommand: [...pageCommand] }),
  };
  await write(context, orderSecret(order));
  await ensureJob(context, guardJob(context, operationId, guardProgram));
  await awaitAnswer(context, order);
}

/** While services are up anyhow: the guard comes later by so many milliseconds, or earlier. */
export async function postponeGuard(context: KubeContext, operationId: string, byMs: number): Promise<void> {
  const order = await readOrder(context.cluster, context.namespace, operationId);
  if (order === undefined || byMs === 0) return;
  const actsAt = new Date(Date.parse(order.actsAt) + byMs).toISOString();
  const spanMs = Math.max(0, Date.parse(actsAt) - context.clock.now().getTime());
  await write(context, orderSecret({ ...order, actsAt, spanMs, nonce: randomUUID() }));
}

/** The order goes last: while it stands, a life that died in between does this again. */
export async function disarmGuard({ cluster, namespace }: KubeContext, operationId: string): Promise<void> {
  await cluster.remove(JOB, guardName(operationId), namespace, { propagation: 'Background' });
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.operation}=${operationId},${LABELS.role}=guard`;
  const secrets = await cluster.list(SECRET, { namespace, labels });
  const isOrder = ({ metadata }: V1Secret) => metadata?.name === guardName(operationId);
  for (const { metadata } of [...secrets.filter((one) => !isOrder(one)), ...secrets.filter(isOrder)])
    await cluster.remove(SECRET, metadata?.name ?? '', namespace);
}

async function write({ cluster, namespace }: KubeContext, secret: V1Secret): Promise<void> {
  const name = secret.metadata?.name ?? '';
  const standing = await cluster.read(SECRET, name, namespace);
  try {
    if (standing === undefined) await cluster.create(SECRET, secret);
  } catch (cause) {
    if (!isRefusal(cause, 'AlreadyExists')) throw cause;
  }
  await cluster.patch(SECRET, name, namespace, { data: secret.data });
}

async function ensureJob(context: KubeContext, job: V1Job): Promise<void> {
  const { cluster, namespace } = context;
  const name = job.metadata?.name ?? '';
  const standing = await cluster.read(JOB, name, namespace);
  if (standing !== undefined && !isOver(standing)) return;
  if (standing !== undefined) {
    await cluster.remove(JOB, name, namespace, { propagation: 'Background' });
    const late = () => notComing(context, 'the one before it is not gone yet');
    const isGone = (jobs: readonly V1Job[]) => (jobs.length === 0 ? true : undefined);
    await cluster.follow(JOB, { namespace, fields: `metadata.name=${name}` }, isGone, { withinMs: GONE_MS, late });
  }
  try {
    await cluster.create(JOB, job);
  } catch (cause) {
    if (!isRefusal(cause, 'AlreadyExists')) throw cause;
  }
}

function isOver({ status, metadata }: V1Job): boolean {
  const isFinished = status?.conditions?.some(
    (one) => ['Complete', 'Failed'].includes(one.type) && one.status === 'True',
  );
  return metadata?.deletionTimestamp !== undefined || (isFinished ?? false);
}

async function awaitAnswer(context: KubeContext, { operationId, nonce }: GuardOrder): Promise<void> {
  const { cluster, namespace } = context;
  const name = guardName(operationId);
  const late = new Error();
  try {
    await cluster.follow(
      SECRET,
      { namespace, fields: `metadata.name=${name}` },
      ([secret]) => (secret?.metadata?.annotations?.[ANSWER] === nonce ? true : undefined),
      { withinMs: START_MS, late: () => late },
    );
  } catch (cause) {
    if (cause !== late) throw cause;
    const pods = await cluster.list(POD, { namespace, labels: `job-name=${name}` });
    throw notComing(
      context,
      pods.map(({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason).join(', '),
    );
  }
}

function notComing({ workspace }: KubeContext, why: string): PortError {
  const said = why === '' ? '' : ` (${why})`;
  return new PortError('platform-unavailable', `the guard of ${workspace} does not come up${said}`, {
    retryable: true,
    hint: 'look at the pod of its Job, and at what the service account of movers may do; nothing was stopped',
  });
}
