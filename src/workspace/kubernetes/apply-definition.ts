import type { KubernetesObject, V1Service, V1ServicePort, V1ServiceSpec } from '@kubernetes/client-node';
import { OperationError, PortError } from '../../errors.ts';
import { askedBy, asStopped, isService } from './as-it-ran.ts';
import { type Cluster, isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { type DefinedObject, type Definition, definition, isSameObject, withoutCluster } from './definition.ts';
import { readDefinitionText } from './displaced-definition.ts';
import { asHeld } from './hold-still.ts';
import type { Kind } from './kinds.ts';
import { type Ledger, type LedgerEntry, listObjects, readLedger, renote } from './ledger.ts';
import { noteMigrations } from './migrations.ts';
import { NOTES } from './names.ts';
import { withReleaseBundle } from './release-bundle.ts';
import { askedFor } from './running.ts';

const GONE_WITHIN_MS = 60_000;
const TRIES = 20;

/**
 * Makes a captured definition the present one, in the order in which objects refer to each other. While services are down,
 * they are brought about asking for nothing, with a note of what the definition wants them to be started with. What is as it
 * should be is not touched; what is there besides stays. What was the present one before comes back as it was, never with
 * programs of a release bundle: they would meet data that they do not know.
 * @throws OperationError `swap-failed` naming the object that the cluster does not take.
 */
export async function applyDefinition(
  context: KubeContext,
  path: string,
  { fromBackup = false }: { readonly fromBackup?: boolean } = {},
): Promise<void> {
  const captured = await readDefinition(context, path);
  const { migrations, ...wanted } = fromBackup
    ? await withReleaseBundle(context, captured)
    : { ...captured, migrations: [] };
  const kinds = new Map((await context.cluster.discover()).map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind]));
  const ledger = await readLedger(context);
  const entries = ledger ? await entriesFor(context, ledger, wanted) : [];
  if (ledger) await renote(context, ledger, entries);
  if (ledger) await noteMigrations(context, ledger.operationId, migrations);
  for (const object of wanted.objects) {
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`);
    const entry = entries.find((one) => one.kind === object.kind && one.object === object.metadata.name);
    if (kind?.namespaced) await bringAbout(context, kind, object, entry);
    else
      context.log.warn(
        { kind: object.kind, name: object.metadata.name },
        kind ? 'it is not of the workspace alone, so it is left as it is' : 'the cluster does not know this kind',
      );
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
    const {
      whenScaled: _,
      uid,
      ...before
    }: Omit<LedgerEntry, 'replicas'> = noted ?? {
      ...{ operationId: ledger.operationId, notedAt: ledger.notedAt, service: name, kind, object: name },
      // Started first, stopped last: what came with the backup may be what others need.
      ...{ ready: true, wave: last },
    };
    return [
      {
        ...{ ...before, replicas: askedBy(object) },
        // Made anew by this definition, it is not the one that was stopped, and is to be started all the same.
        ...(uid !== undefined && uid === live?.metadata?.uid ? { uid } : {}),
        ...(deletesClaims(object) ? { whenScaled: 'Delete' as const } : {}),
      },
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
  const standing = await cluster.read(kind, name, namespace);
  const wanted = entry ? asStopped(defined, entry) : asHeld(defined, standing);
  if (isAsWanted(standing, wanted)) return;
  const object = { ...wanted, metadata: { ...wanted.metadata, namespace } };
  try {
    const applied = await cluster.apply(kind, object);
    if (!isAsWanted(applied, wanted)) await overwrite(context, kind, object);
  } catch (cause) {
    if (!isRefusal(cause, 'Invalid')) throw willNotTake(defined, cause);
    const noted = entry ? asStopped(defined, ofAnother(entry)) : wanted;
    await makeAnew(context, kind, { ...noted, metadata: { ...noted.metadata, namespace } });
  }
}

function ofAnother({ uid: _, ...entry }: LedgerEntry): LedgerEntry {
  return entry;
}

function isAsWanted(live: KubernetesObject | undefined, wanted: DefinedObject): boolean {
  if (live === undefined || !isSameObject(withoutCluster(live), withoutCluster(wanted))) return false;
  const noteOf = ({ metadata }: KubernetesObject) => metadata?.annotations?.[NOTES.ran];
  return noteOf(live) === noteOf(wanted as KubernetesObject);
}

/** Controllers write their status at any moment: what they changed meanwhile is read again. */
async function overwrite({ cluster, namespace }: KubeContext, kind: Kind, object: DefinedObject): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const live = await cluster.read(kind, object.metadata.name, namespace);
    try {
      if (live) await cluster.replace(kind, overwriting(object, live));
      return;
    } catch (cause) {
      if (!isRefusal(cause, 'Conflict') || tries === TRIES) throw cause;
    }
  }
}

/** What the object has by being this very one in this cluster stays. */
function overwriting(object: DefinedObject, live: KubernetesObject): KubernetesObject {
  const { resourceVersion, ownerReferences, finalizers } = live.metadata ?? {};
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion, ownerReferences, finalizers },
    ...(object.kind === 'Service' ? { spec: addressed(object as V1Service, live as V1Service) } : {}),
  } as KubernetesObject;
}

/** People and load balancers know it by its address and the ports of the nodes. */
function addressed({ spec }: V1Service, { spec: live }: V1Service): V1ServiceSpec {
  const { clusterIP, clusterIPs, healthCheckNodePort } = live ?? {};
  const nodePortOf = ({ port, protocol }: V1ServicePort) =>
    live?.ports?.find((one) => one.port === port && (one.protocol ?? 'TCP') === (protocol ?? 'TCP'))?.nodePort;
  return {
    ...{ ...spec, clusterIP, clusterIPs, healthCheckNodePort },
    ports: spec?.ports?.map((port) => ({ ...port, nodePort: nodePortOf(port) })),
  } as V1ServiceSpec;
}

/** Its pods, if it has any, are left to the new one. What the cluster takes in no way is not removed for it. */
async function makeAnew({ cluster, namespace }: KubeContext, kind: Kind, object: DefinedObject): Promise<void> {
  const { name } = object.metadata;
  try {
    await rehearseCreating(cluster, kind, object);
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

async function rehearseCreating(cluster: Cluster, kind: Kind, object: DefinedObject): Promise<void> {
  try {
    await cluster.create(kind, object as KubernetesObject, { dryRun: true });
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
  }
}

function willNotTake({ kind, metadata }: DefinedObject, cause: unknown): OperationError {
  return new OperationError('swap-failed', `The cluster does not take ${kind} ${metadata.name} of the definition.`, {
    cause,
    hint: 'what stood there before is put back',
  });
}
