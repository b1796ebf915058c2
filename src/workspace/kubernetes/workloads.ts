import type { V1Pod } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import { controllerOf, deploymentOf, listLivePods } from './live-pods.ts';

/** A user's workload that runs now. */
export interface Workload {
  readonly namespace: string;
  readonly pod: string;
  readonly kind: 'session' | 'job' | 'application' | 'model' | 'unknown';
  /** Who started it; absent where neither pod nor cluster says so. */
  readonly owner?: string;
  /** What made the pod and would make it again; absent for a bare pod, which stays gone once removed. */
  readonly madeBy?: { readonly kind: string; readonly name: string };
  readonly claims: readonly string[];
}

/** Label seen on pods of sessions (`ds-role=session`); values of other releases are read generously. */
const ROLE_LABELS = ['ds-role', 'role', 'component'];

const KINDS: readonly (readonly [word: RegExp, kind: Workload['kind']])[] = [
  [/session/, 'session'],
  [/application|^app$/, 'application'],
  [/model/, 'model'],
  [/job|experiment|batch|worker/, 'job'],
];

/** Keys whose value names a person, wherever releases put them. */
const OWNER_KEY = /(^|[/._-])(user-?name|owner|creator|created-?by|started-?by)$/i;

/**
 * People's workloads: the live pods of their namespaces. Of their owners only what pods say of themselves is told here; the
 * rest is asked for by `withOwners`.
 */
export async function findWorkloads(context: KubeContext, pods?: readonly V1Pod[]): Promise<Workload[]> {
  const isUsers = userNamespaces(context);
  const live = pods ?? (await listLivePods(context.cluster));
  return live.filter(({ metadata }) => isUsers(metadata?.namespace ?? '')).map(describe);
}

export function userNamespaces({
  settings,
  namespace,
}: Pick<KubeContext, 'settings' | 'namespace'>): (name: string) => boolean {
  const pattern = settings.userNamespaces ?? `${namespace}-user-*`;
  const source = pattern
    .split('*')
    .map((word) => word.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
    .join('.*');
  const matches = new RegExp(`^${source}$`);
  return (name) => name !== namespace && matches.test(name);
}

function describe(pod: V1Pod): Workload {
  const { metadata, spec } = pod;
  const owner = ownerIn({ ...metadata?.labels, ...metadata?.annotations });
  const controller = controllerOf(pod);
  const madeBy = controller?.kind === 'ReplicaSet' ? deploymentOf(pod, controller) : controller;
  return {
    namespace: metadata?.namespace ?? '',
    pod: metadata?.name ?? '',
    kind: kindOf(pod, madeBy?.kind),
    ...(owner === undefined ? {} : { owner }),
    ...(madeBy === undefined ? {} : { madeBy: { kind: madeBy.kind, name: madeBy.name } }),
    claims: (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
  };
}

/** Models are Deployments, everything else is a bare pod. Source: reference/cloudera.md 4.8. */
function kindOf({ metadata }: V1Pod, madeBy: string | undefined): Workload['kind'] {
  for (const label of ROLE_LABELS) {
    const value = metadata?.labels?.[label];
    const said = value === undefined ? undefined : KINDS.find(([word]) => word.test(value));
    if (said) return said[1];
  }
  return madeBy === 'Deployment' ? 'model' : 'unknown';
}

function ownerIn(notes: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(notes).find(([key, value]) => OWNER_KEY.test(key) && value !== '')?.[1];
}
