import { randomUUID } from 'node:crypto';
import type { V1Container, V1EnvVar, V1Job, V1StatefulSet } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import { labelsOf } from './job-spec.ts';
import { JOB, POD, STATEFUL_SET } from './kinds.ts';
import { objectName } from './names.ts';

const WITHIN_MS = 60_000;
const CONTAINER = 'psql';

/** How a workspace's database is reached. */
export interface Database {
  /** Its StatefulSet, and its address. */
  readonly service: string;
  readonly user: string;
  readonly database: string;
}

export interface Question {
  /** SQL. */
  readonly says: string;
  /** What it is about, as a word in the name of the Job. */
  readonly about: string;
  /** The operation that asks: what it leaves behind goes with it. */
  readonly operationId?: string | undefined;
}

/**
 * Asks the workspace's database, and answers the lines that psql writes, columns parted by `|`. It takes the database's own
 * password, which we never see: a Job in the database's image asks.
 * @throws PortError `platform-unavailable`, also when it does not answer within a minute.
 */
export async function askDatabase(
  context: KubeContext,
  asked: Database,
  question: Question,
  signal?: AbortSignal,
): Promise<string[]> {
  const { cluster, namespace } = context;
  const job = await describeQuestion(context, asked, question);
  const name = job.metadata?.name ?? '';
  await cluster.create(JOB, job);
  try {
    const late = () =>
      new PortError('platform-unavailable', `The database was asked about ${question.about} and did not answer.`);
    const isOver = (phase: string | undefined) => phase === 'Succeeded' || phase === 'Failed';
    const where = { namespace, labels: `job-name=${name}` };
    const pod = await cluster.follow(POD, where, ([one]) => (isOver(one?.status?.phase) ? one : undefined), {
      withinMs: WITHIN_MS,
      late,
      ...(signal ? { signal } : {}),
    });
    const lines: string[] = [];
    const from = { name: pod.metadata?.name ?? '', namespace, container: CONTAINER };
    await cluster.readLog(from, (line) => lines.push(line));
    if (pod.status?.phase === 'Succeeded') return lines;
    throw new PortError(
      'platform-unavailable',
      `The database did not answer about ${question.about}: ${lines.at(-1) ?? ''}`,
    );
  } finally {
    await cluster.remove(JOB, name, namespace, { propagation: 'Background' });
  }
}

/** The database as its own StatefulSet runs it. */
export async function readDatabase(
  { cluster, namespace }: KubeContext,
  { service }: Pick<Database, 'service'>,
): Promise<{ readonly standing: V1StatefulSet | undefined; readonly container: V1Container | undefined }> {
  const standing = await cluster.read(STATEFUL_SET, service, namespace);
  return { standing, container: standing?.spec?.template.spec?.containers[0] };
}

async function describeQuestion(context: KubeContext, asked: Database, question: Question): Promise<V1Job> {
  const { namespace, settings } = context;
  const { standing, container } = await readDatabase(context, asked);
  const password = container?.env?.find(({ name }) => name === 'POSTGRES_PASSWORD');
  if (!container || !password)
    throw new PortError('platform-unavailable', `${asked.service} is no database whose password is known.`, {
      hint: 'look at the service named in cml.yaml: its first container has POSTGRES_PASSWORD',
    });
  const env: V1EnvVar[] = [
    { ...password, name: 'PGPASSWORD' },
    { name: 'PGCONNECT_TIMEOUT', value: '10' },
  ];
  const login = ['-h', asked.service, '-U', asked.user, '-d', asked.database];
  const id = `look-${question.about}-${randomUUID().slice(0, 8)}`;
  const labels = labelsOf(context, question.operationId ?? id, 'mover');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: objectName('cml', id), namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: WITHIN_MS / 1_000,
      template: {
        metadata: { labels },
        spec: {
          ...{ restartPolicy: 'Never', automountServiceAccountToken: false, enableServiceLinks: false },
          nodeSelector: settings.movers.nodeSelector,
          tolerations: settings.movers.tolerations,
          imagePullSecrets: standing?.spec?.template.spec?.imagePullSecrets ?? [],
          containers: [
            {
              ...{ name: CONTAINER, image: container.image ?? '', env },
              command: ['psql', ...login, '--no-align', '--tuples-only', '--command', question.says],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
