import type { KubernetesObject } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import { CLAIM, CONFIG_MAP, JOB, type Kind, POD, SECRET, SNAPSHOT, SNAPSHOT_CONTENT, VOLUME } from './kinds.ts';
import { LABELS, NOTES, OURS } from './names.ts';

/** Something that we made for an operation that needs it no more. */
export interface Stray {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly operationId: string;
  readonly role: string;
  readonly madeAt: string;
}

/** In the order in which they go: what uses others first. */
const SWEPT: readonly Kind[] = [JOB, POD, SECRET, SNAPSHOT, CLAIM, VOLUME, SNAPSHOT_CONTENT, CONFIG_MAP];

/** What people may still want back outlives its operation, and so does what is written down about it. */
const KEPT_ROLES = ['displaced', 'record'];

/**
 * Lists what carries our labels and belongs to none of the operations that are still open, or that keep something. Never
 * what a swap has its hand on.
 */
export async function findStrays(context: KubeContext, needed: readonly string[]): Promise<Stray[]> {
  const { cluster, namespace, workspace } = context;
  const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace}`;
  const lists = await Promise.all(
    SWEPT.map(async (kind) => {
      if (!(await cluster.serves(kind))) return [];
      const found = await cluster.list(kind, { ...(kind.namespaced ? { namespace } : {}), labels });
      return found.flatMap((object) => strayOf(kind, object, needed) ?? []);
    }),
  );
  return lists.flat();
}

function strayOf(kind: Kind, { metadata }: KubernetesObject, needed: readonly string[]): Stray | undefined {
  const { [LABELS.operation]: operationId, [LABELS.role]: role = '' } = metadata?.labels ?? {};
  if (operationId === undefined || needed.includes(operationId)) return undefined;
  if (KEPT_ROLES.includes(role) || metadata?.annotations?.[NOTES.swap] !== undefined) return undefined;
  // A Job takes its pods along.
  if (kind === POD && metadata?.ownerReferences?.length) return undefined;
  return {
    kind,
    name: metadata?.name ?? '',
    namespace: metadata?.namespace,
    operationId,
    role,
    madeAt: String(metadata?.creationTimestamp ?? ''),
  };
}

/** Removes what `findStrays` listed; what is gone already does not matter. */
export async function removeStrays({ cluster }: KubeContext, strays: readonly Stray[]): Promise<void> {
  for (const { kind, name, namespace } of strays) {
    await cluster.remove(kind, name, namespace, { propagation: 'Background' });
  }
}
