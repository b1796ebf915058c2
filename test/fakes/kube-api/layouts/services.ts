/** What stands in a workspace's namespace. Source: reference/cloudera.md 4.2 and 4.4. */
export interface ServiceSpec {
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob';
  readonly replicas?: number;
  readonly port?: number;
  readonly graceSeconds?: number;
  /** Claims of its own, made from a template, or named. */
  readonly templates?: readonly string[];
  readonly claims?: readonly string[];
  /** Where it has the project files mounted. */
  readonly projects?: string;
}

const D = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({ name, kind: 'Deployment', ...more });
const S = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({ name, kind: 'StatefulSet', ...more });

export const SMALL: readonly ServiceSpec[] = [
  D('web', { replicas: 3, port: 3000, graceSeconds: 5, projects: '/var/lib/cdsw/projects' }),
  D('ds-operator', { graceSeconds: 5, projects: '/var/lib/cdsw/projects' }),
  S('db', { port: 5432, templates: ['postgres-data-versioned'] }),
];

export const USUAL: readonly ServiceSpec[] = [
  ...SMALL,
  D('api', { port: 5001 }),
  D('cron'),
  D('ds-reconciler'),
  D('ds-vfs', { projects: '/vfs' }),
  D('ds-cdh-client'),
  D('feature-flags'),
  D('fluentd-forwarder'),
  D('model-proxy', { port: 8080 }),
  D('runtime-manager', { projects: '/projects' }),
  D('s2i-builder', { replicas: 3, projects: '/projects' }),
  D('s2i-client'),
  D('s2i-server', { port: 8081 }),
  D('tcp-ingress-controller', { port: 8443 }),
  D('usage-reporter'),
  S('livelog', { port: 2222, templates: ['livelog-data'] }),
  S('s2i-git-server', { port: 9418, templates: ['s2i-git-server-repos'] }),
  S('s2i-queue', { port: 5672, claims: ['s2i-queue-pvc'] }),
  S('secret-generator', { templates: ['persist-dir'] }),
  { name: 'livelog-publisher', kind: 'DaemonSet' },
  { name: 'db-refresh', kind: 'CronJob' },
];

export const OPENSHIFT_ONLY: readonly ServiceSpec[] = [
  D('s2i-registry', { port: 5000, claims: ['registry-pvc'] }),
  D('s2i-registry-auth', { port: 5001 }),
];

export const FINISHED_JOBS = [
  'db-migrate-2.0.45',
  'runtime-addon-trigger-2.0.45',
  'runtime-initial-repo-inserter-2.0.45',
];

export interface BlockSpec {
  readonly claim: string;
  readonly owner: string;
  readonly size: string;
}

const SIZES: Readonly<Record<string, string>> = {
  'postgres-data-versioned': '50Gi',
  'livelog-data': '100Gi',
  's2i-git-server-repos': '100Gi',
  's2i-queue-pvc': '2Gi',
  'persist-dir': '10Mi',
  'registry-pvc': '250Gi',
};

/** The block volumes that these services have. */
export function blocksOf(services: readonly ServiceSpec[]): BlockSpec[] {
  return services.flatMap(({ name, templates = [], claims = [] }) => [
    ...templates.map((template) => ({ claim: `${template}-${name}-0`, owner: name, size: sizeOf(template) })),
    ...claims.map((claim) => ({ claim, owner: name, size: sizeOf(claim) })),
  ]);
}

export function sizeOf(name: string): string {
  return SIZES[name] ?? '1Gi';
}
