import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject, V1Secret } from '@kubernetes/client-node';
import { writeDurably } from '../../durable-file.ts';
import type { DefinitionFile } from '../platform.ts';
import { asItRan } from './as-it-ran.ts';
import type { KubeContext } from './context.ts';
import { type DefinedObject, type Definition, inOrder, isRuntime, orderOf, withoutCluster } from './definition.ts';
import { findServices } from './find-services.ts';
import { asNotHeld } from './hold-still.ts';
import { CLAIM, type Kind } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { releaseOf } from './release.ts';
import { unlessForbidden } from './unless-forbidden.ts';

/** Put into every namespace by the cluster itself. */
const GIVEN = new Set(['ConfigMap/kube-root-ca.crt', 'ConfigMap/openshift-service-ca.crt']);

/**
 * Writes every namespaced object that defines the workspace: what is listed by discovery, without what runs, what another
 * object made, and what is ours. Services stand in it with what they ran with, also while they are stopped.
 * @throws ClusterRefusal `Forbidden` where an object of the workspace may not be read: a definition with holes is none.
 */
export async function captureDefinition(context: KubeContext, folder: string): Promise<DefinitionFile> {
  const { cluster, namespace, settings } = context;
  const kinds = (await cluster.discover()).filter((kind) => kind.namespaced && !isRuntime(kind));
  const lists = await Promise.all(kinds.map((kind) => listDefining(context, kind)));
  const services = await findServices(context);
  const claims = await cluster.list(CLAIM, { namespace });
  const written: Definition = {
    schema: 1,
    release: releaseOf(services, settings),
    namespace,
    objects: lists.flat().sort(byPlace),
    claims: claims.filter(isDefining).map(withoutCluster).sort(byPlace),
  };
  const text = `${JSON.stringify(inOrder(written), null, 1)}\n`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'definition.json');
  await writeDurably(path, text);
  return { path, sha256: createHash('sha256').update(text).digest('hex'), release: written.release };
}

async function listDefining({ cluster, namespace }: KubeContext, kind: Kind): Promise<DefinedObject[]> {
  const isCore = /^(v1|apps\/v1|batch\/v1|networking\.k8s\.io\/v1|rbac\.authorization\.k8s\.io\/v1)$/.test(
    kind.apiVersion,
  );
  const listing = cluster.list(kind, { namespace });
  // Whatever operators add to a cluster may be closed to us; what a workspace is made of may not be.
  const found = isCore ? await listing : ((await unlessForbidden(listing)) ?? []);
  return found.filter(isDefining).map((object) => asItRan(withoutCluster(asNotHeld(object)), object));
}

function isDefining({ kind, metadata, ...rest }: KubernetesObject): boolean {
  if (metadata?.labels?.[LABELS.managedBy] === OURS) return false;
  if (metadata?.ownerReferences?.some(({ controller }) => controller)) return false;
  if (GIVEN.has(`${kind}/${metadata?.name}`)) return false;
  return kind !== 'Secret' || !isOfAccount({ ...rest, ...(metadata ? { metadata } : {}) });
}

/** Made for a service account by the cluster, the logins of OpenShift's own registry among them. */
function isOfAccount({ type, metadata }: V1Secret): boolean {
  const account = metadata?.annotations?.['kubernetes.io/service-account.name'];
  return type === 'kubernetes.io/service-account-token' || account !== undefined;
}

function byPlace(one: DefinedObject, other: DefinedObject): number {
  const name = ({ kind, metadata }: DefinedObject) => `${kind}/${metadata.name}`;
  return orderOf(one) - orderOf(other) || (name(one) < name(other) ? -1 : 1);
}
