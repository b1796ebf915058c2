import type { KubernetesObject } from '@kubernetes/client-node';
import { OperationError, PortError } from '../../errors.ts';
import { askedBy, asStopped, isService } from './as-it-ran.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { type DefinedObject, type Definition, definition, isSameObject, withoutCluster } from './definition.ts';
import { readDefinitionText } from './displaced-definition.ts';
import type { Kind } from './kinds.ts';
import { type Ledger, type LedgerEntry, listObjects, readLedger, renote, writeRan } from './ledger.ts';
import { NOTES } from './names.ts';
import { withReleaseBundle } from './release-bundle.ts';
import { askedFor } from './running.ts';

const GONE_WITHIN_MS = 60_000;

/**
 * Makes a captured definition the present one, in the order in which objects refer to each other. While services are down,
 * they are brought about asking for nothing, with a note of what the definition wants them to be started with. What is as it
 * should be is not touched; what is there besides stays.
 * @throws OperationError `swap-failed` naming the object that the cluster does not take.
 */
export async function applyDefinition(context: KubeContext, path: string): Promise<void> {
  const wanted = await withReleaseBundle(context, await readDefinition(context, path));
  const kinds = new Map((await context.cluster.discover()).map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind]));
  const ledger = await readLedger(context);
  const entries = ledger ? await entriesFor(context, ledger, wanted) : [];
  if (ledger) await renote(context, ledger, entries);
  for (const object of wanted.objects) {
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`);
    const entry = entries.find((one) => one.kind === object.kind && one.object === object.metadata.name);
    if (kind) await bringAbout(context, kind, object, entry);
    else context.log.warn({ kind: object.kind, name: object.metadata.name }, 'the cluster does not know this kind');
  }
}

async function readDefinition(context: KubeContext, path: string): Promise<Definition> {
  const text = await readDefinitionText(context, path);
  try {
    return definition.parse(JSON.parse(text));
  } catch (cause) {
    throw new PortError('platform-unavailable', `the definition ${path} cannot be understood`, {
      cause,
      hint: 'it was written by a newer version, or it is damaged',
    });
  }
}

/** What stays up is no business of the ledger; what asks for nothing now and would be started by being applied is. */
async function entriesFor(context: KubeContext, ledger: Ledger, wanted: Definition): Promise<LedgerEntry[]> {
  const standing = await listObjects(context);
  const last = Math.max(0, ...ledger.entries.map(({ wave }) => wave));
  return wanted.objects.filter(isService).flatMap((object): LedgerEntry[] => {
    const kind = object.kind as LedgerEntry['kind'];
    const { name } = object.metadata;
    const noted = ledger.entries.find((entry) => entry.kind === kind && entry.object === name);
    const live = standing.find((one) => one.kind === kind && one.object.metadata?.name === name)?.object;
    if (!noted && live && askedFor(kind, live) > 0) return [];
    const { whenScaled: _, ...before }: Partial<Pick<LedgerEntry, 'whenScaled'>> & Omit<LedgerEntry, 'replicas'> =
      noted ?? {
        ...{ operationId: ledger.operationId, notedAt: ledger.notedAt, service: name, kind, object: name },
        // Started first, stopped last: what came with the backup may be what others need.
        ...{ ready: true, wave: last },
      };
    return [
      { ...before, replicas: askedBy(object), ...(deletesClaims(object) ? { whenScaled: 'Delete' as const } : {}) },
    ];
  });
}

function deletesClaims({ spec }: DefinedObject): boolean {
  const policy = (spec as { persistentVolumeClaimRetentionPolicy?: { whenScaled?: string } } | undefined)
    ?.persistentVolumeClaimRetentionPolicy;
  return policy?.whenScaled === 'Delete';
}

/**
 * Applied in our name first, so that what others keep in it stays theirs; where that leaves something that the definition
 * does not have, it is replaced whole; where the cluster does not let a field be changed, it is made anew.
 */
async function bringAbout(
  context: KubeContext,
  kind: Kind,
  defined: DefinedObject,
  entry: LedgerEntry | undefined,
): Promise<void> {
  const { cluster, namespace } = context;
  const { name } = defined.metadata;
  const wanted = entry ? asStopped(defined, entry) : defined;
  const isThere = (live: KubernetesObject | undefined) =>
    live !== undefined &&
    isSameObject(withoutCluster(live), withoutCluster(wanted)) &&
    live.metadata?.annotations?.[NOTES.ran] === (entry && writeRan(entry));
  if (isThere(await cluster.read(kind, name, namespace))) return;
  const object = { ...wanted, metadata: { ...wanted.metadata, namespace } };
  try {
    const applied = await cluster.apply(kind, object);
    if (!isThere(applied)) await cluster.replace(kind, overwriting(object, applied));
  } catch (cause) {
    if (!isRefusal(cause, 'Invalid')) throw willNotTake(defined, cause);
    await makeAnew(context, kind, object);
  }
}

/** What the object has by being this very one in this cluster stays. */
function overwriting(object: DefinedObject, live: KubernetesObject): KubernetesObject {
  const { resourceVersion, ownerReferences, finalizers } = live.metadata ?? {};
  const { spec } = live as { spec?: { clusterIP?: string; clusterIPs?: string[] } };
  const address = object.kind === 'Service' ? { clusterIP: spec?.clusterIP, clusterIPs: spec?.clusterIPs } : {};
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion, ownerReferences, finalizers },
    ...(object.kind === 'Service' ? { spec: { ...(object.spec as object), ...address } } : {}),
  } as KubernetesObject;
}

/** Its pods, if it has any, are left to the new one. */
async function makeAnew({ cluster, namespace }: KubeContext, kind: Kind, object: DefinedObject): Promise<void> {
  const { name } = object.metadata;
  try {
    await cluster.remove(kind, name, namespace, { propagation: 'Orphan' });
    await cluster.follow(
      kind,
      { namespace, fields: `metadata.name=${name}` },
      (found) => (found.length === 0 ? true : undefined),
      { withinMs: GONE_WITHIN_MS, late: () => new Error('it does not go away') },
    );
    await cluster.create(kind, object as KubernetesObject);
  } catch (cause) {
    throw willNotTake(object, cause);
  }
}

function willNotTake({ kind, metadata }: DefinedObject, cause: unknown): OperationError {
  return new OperationError('swap-failed', `The cluster does not take ${kind} ${metadata.name} of the definition.`, {
    cause,
    hint: 'what stood there before is put back',
  });
}
