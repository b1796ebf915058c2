import { randomUUID } from 'node:crypto';
import type { V1EnvVar, V1Job } from '@kubernetes/client-node';
import { explain, isAppError, PortError } from '../../errors.ts';
import { ClusterRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { labelsOf } from './job-spec.ts';
import { JOB, POD, STATEFUL_SET } from './kinds.ts';
import { objectName } from './names.ts';
import type { Workload } from './workloads.ts';

const WITHIN_MS = 60_000;
const CONTAINER = 'psql';

/**
 * Says who owns workloads of which their pods say nothing, as the workspace's database has it: each user has a namespace
 * (`users.username`, `users.namespace`; reference/cloudera.md 4.1). Only where the configuration allows it, since it takes the
 * database's own password: a Job in the database's image asks, and we never see the password. Whoever stays unknown is
 * counted by the caller; that it cannot be looked up is no reason to refuse anything.
 */
export async function withOwners(context: KubeContext, workloads: readonly Workload[]): Promise<Workload[]> {
  const unknown = workloads.filter(({ owner }) => owner === undefined);
  if (context.settings.owners === undefined || unknown.length === 0) return [...workloads];
  try {
    const owners = await askDatabase(context, context.settings.owners);
    return workloads.map((workload) => {
      const owner = workload.owner ?? owners.get(workload.namespace);
      return owner === undefined ? workload : { ...workload, owner };
    });
  } catch (cause) {
    if (!isAppError(cause) && !(cause instanceof ClusterRefusal)) throw cause;
    context.log.warn({ why: explain(cause) }, "the owners of people's workloads could not be looked up");
    return [...workloads];
  }
}

type Asked = NonNullable<KubeContext['settings']['owners']>;

/** The user of each namespace. */
async function askDatabase(context: KubeContext, asked: Asked): Promise<Map<string, string>> {
  const { cluster, namespace } = context;
  const id = `look-owners-${randomUUID().slice(0, 8)}`;
  const job = await describeQuestion(context, asked, id);
  const name = job.metadata?.name ?? '';
  await cluster.create(JOB, job);
  try {
    const late = () => new PortError('platform-unavailable', `The database was asked for owners and did not answer.`);
    const isOver = (phase: string | undefined) => phase === 'Succeeded' || phase === 'Failed';
    const where = { namespace, labels: `job-name=${name}` };
    const pod = await cluster.follow(POD, where, ([one]) => (isOver(one?.status?.phase) ? one : undefined), {
      withinMs: WITHIN_MS,
      late,
    });
    const lines: string[] = [];
    const from = { name: pod.metadata?.name ?? '', namespace, container: CONTAINER };
    await cluster.readLog(from, (line) => lines.push(line));
    if (pod.status?.phase === 'Succeeded') return ownersIn(lines);
    throw new PortError('platform-unavailable', `The database did not say who owns workloads: ${lines.at(-1) ?? ''}`);
  } finally {
    await cluster.remove(JOB, name, namespace, { propagation: 'Background' });
  }
}

/** `workspace1-user-3|ada`, as psql writes rows without alignment. */
function ownersIn(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [namespace, username, ...more] = line.split('|');
      return namespace && username && more.length === 0 ? [[namespace, username]] : [];
    }),
  );
}

async function describeQuestion(context: KubeContext, asked: Asked, id: string): Promise<V1Job> {
  const { cluster, namespace, settings } = context;
  const standing = await cluster.read(STATEFUL_SET, asked.service, namespace);
  const container = standing?.spec?.template.spec?.containers[0];
  const password = container?.env?.find(({ name }) => name === 'POSTGRES_PASSWORD');
  if (!container || !password)
    throw new PortError('platform-unavailable', `${asked.service} is no database whose password is known.`, {
      hint: 'look at platform.owners.service: its first container has POSTGRES_PASSWORD',
    });
  const env: V1EnvVar[] = [
    { ...password, name: 'PGPASSWORD' },
    { name: 'PGCONNECT_TIMEOUT', value: '10' },
  ];
  const question = 'select namespace, username from users where namespace is not null';
  const login = ['-h', asked.service, '-U', asked.user, '-d', asked.database];
  const labels = labelsOf(context, id, 'mover');
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
              command: ['psql', ...login, '--no-align', '--tuples-only', '--command', question],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
