import { existsSync } from 'node:fs';
import {
  CLAIM,
  NODE,
  SNAPSHOT,
  SNAPSHOT_CONTENT,
  STORAGE_CLASS,
  VOLUME,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { referenceTo } from './claims.ts';
import { tell } from './events.ts';
import { bytesOf } from './quantity.ts';
import { type Driver, type Storage, stamp } from './storage.ts';
import { VOLUME_PROTECTION } from './storage-admission.ts';
import type { World } from './world.ts';

export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const PROVISIONER_HOLDS = 'external-provisioner.volume.kubernetes.io/finalizer';
const SOURCE_HOLDS = 'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const PROVISIONERS = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner'];

class ProvisioningFailed extends Error {}

/** Makes the volume that a claim asks of its class. Nothing when none is to be made, or not yet. */
export async function provision(world: World, storage: Storage, asked: Stored): Promise<'made' | 'failed' | undefined> {
  const { store } = world;
  const { storageClassName } = asked.spec;
  if (!storageClassName) return undefined;
  const kind = store.get(STORAGE_CLASS, storageClassName);
  if (kind?.provisioner === 'kubernetes.io/no-provisioner') return undefined;
  const volumeName = `pvc-${asked.metadata.uid}`;
  if (store.get(VOLUME, volumeName)) return undefined;
  try {
    if (!kind) throw new ProvisioningFailed(`storageclass.storage.k8s.io "${storageClassName}" not found`);
    if (kind.volumeBindingMode === 'WaitForFirstConsumer' && !asked.metadata.annotations?.[SELECTED_NODE])
      return undefined;
    const claim = noteProvisioner(world, asked, kind.provisioner);
    if (!claim) return undefined;
    const source = await makeVolume(world, storage, claim, kind.provisioner, volumeName);
    // The claim may be gone by now: what was made for it goes too.
    if (store.get(CLAIM, claim.metadata.name, claim.metadata.namespace)?.metadata.uid !== claim.metadata.uid) {
      await storage.disk.drop(storage.volumeFolder(storage.driver(kind.provisioner).volumeHandleOf(volumeName)));
      return undefined;
    }
    store.create(VOLUME, volumeOf(world, storage.driver(kind.provisioner), { claim, kind, volumeName, source }));
    return 'made';
  } catch (error) {
    if (!(error instanceof ProvisioningFailed)) throw error;
    const words = `failed to provision volume with StorageClass "${storageClassName}": ${error.message}`;
    tell(world, asked, 'Warning', 'ProvisioningFailed', words);
    return 'failed';
  }
}

function noteProvisioner(world: World, { metadata }: Stored, provisioner: string): Stored | undefined {
  return world.store.edit(CLAIM, metadata.name, metadata.namespace, (claim) => {
    const notes = Object.fromEntries(PROVISIONERS.map((note) => [note, provisioner]));
    claim.metadata.annotations = { ...claim.metadata.annotations, ...notes };
  });
}

/** The directory, with what it begins with; answers what goes into the volume's spec. */
async function makeVolume(
  world: World,
  storage: Storage,
  claim: Stored,
  provisioner: string,
  volumeName: string,
): Promise<object> {
  const other = storage.provisioners.get(provisioner);
  if (other) return other(claim, volumeName);
  const driver = storage.driver(provisioner);
  const refused = (claim.spec.accessModes ?? []).find((mode: string) => !driver.accessModes.includes(mode));
  if (refused)
    throw new ProvisioningFailed(`rpc error: code = InvalidArgument desc = access mode ${refused} not supported`);
  const handle = driver.volumeHandleOf(volumeName);
  const from = claim.spec.dataSource;
  if (!from) await storage.disk.make(storage.volumeFolder(handle));
  else if (from.kind === 'VolumeSnapshot') await fillFromSnapshot(world, storage, claim, driver, handle);
  else await storage.disk.copy(folderOfClaim(world, from.name, claim.metadata.namespace), storage.volumeFolder(handle));
  const identity = { 'storage.kubernetes.io/csiProvisionerIdentity': `1-1-${provisioner}` };
  const volumeAttributes = { ...driver.attributesOf(volumeName), ...identity };
  return { csi: { driver: provisioner, volumeHandle: handle, volumeAttributes } };
}

async function fillFromSnapshot(
  world: World,
  storage: Storage,
  claim: Stored,
  driver: Driver,
  handle: string,
): Promise<void> {
  const { name, namespace } = { name: claim.spec.dataSource.name, namespace: claim.metadata.namespace };
  const because = (why: string) =>
    new ProvisioningFailed(`error getting handle for DataSource Type VolumeSnapshot by Name ${name}: ${why}`);
  const snapshot = world.store.get(SNAPSHOT, name, namespace);
  if (!snapshot) throw because(`error getting snapshot ${name} from api server: volumesnapshots "${name}" not found`);
  if (snapshot.metadata.deletionTimestamp) throw because(`snapshot ${name} is currently being deleted`);
  if (!snapshot.status?.readyToUse) throw because(`snapshot ${name} is not Ready`);
  const content = world.store.get(SNAPSHOT_CONTENT, snapshot.status.boundVolumeSnapshotContentName);
  const taken = content?.status?.snapshotHandle;
  if (!content || !taken) throw because(`snapshot ${name} is not bound to a content`);
  if (content.spec.volumeSnapshotRef.uid !== snapshot.metadata.uid) throw because('snapshot and content do not match');
  if (content.spec.driver !== driver.name) throw because(`driver ${content.spec.driver} is not ${driver.name}`);
  const [wanted, least] = [bytesOf(claim.spec.resources.requests.storage), bytesOf(snapshot.status.restoreSize)];
  if (wanted < least)
    throw because(`requested volume size ${wanted} is less than the size ${least} for the source snapshot ${name}`);
  if (driver.keepsSize && wanted !== least)
    throw new ProvisioningFailed(
      `rpc error: code = OutOfRange desc = size ${wanted} is not that of the snapshot, ${least}`,
    );
  if (!existsSync(storage.snapshotFolder(taken)))
    throw new ProvisioningFailed(`rpc error: code = NotFound desc = snapshot ${taken} does not exist`);
  hold(true);
  try {
    await storage.disk.copy(storage.snapshotFolder(taken), storage.volumeFolder(handle));
  } finally {
    hold(false);
  }

  function hold(isHeld: boolean): void {
    world.store.edit(SNAPSHOT, name, namespace, ({ metadata }) => {
      const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== SOURCE_HOLDS);
      metadata.finalizers = isHeld ? [...others, SOURCE_HOLDS] : others;
    });
  }
}

function folderOfClaim(world: World, name: string, namespace: string | undefined): string {
  const claim = world.store.get(CLAIM, name, namespace);
  if (!claim?.spec.volumeName) throw new ProvisioningFailed(`error getting PVC ${name} from api server: not bound`);
  return world.directoryOf(claim.spec.volumeName);
}

interface Making {
  readonly claim: Stored;
  readonly kind: Stored;
  readonly volumeName: string;
  readonly source: object;
}

function volumeOf(world: World, driver: Driver, { claim, kind, volumeName, source }: Making): never {
  const isCsi = 'csi' in source;
  const node = claim.metadata.annotations?.[SELECTED_NODE] ?? world.store.list(NODE)[0]?.metadata.name;
  const reach = driver.topologyKey && node && { key: driver.topologyKey, operator: 'In', values: [node] };
  return {
    metadata: {
      name: volumeName,
      annotations: {
        [PROVISIONED_BY]: kind.provisioner,
        ...(isCsi ? { 'volume.kubernetes.io/provisioner-deletion-secret-name': '' } : {}),
        ...(isCsi ? { 'volume.kubernetes.io/provisioner-deletion-secret-namespace': '' } : {}),
      },
      finalizers: [...(isCsi && kind.reclaimPolicy !== 'Retain' ? [PROVISIONER_HOLDS] : []), VOLUME_PROTECTION],
    },
    spec: {
      capacity: { storage: claim.spec.resources.requests.storage },
      ...source,
      accessModes: claim.spec.accessModes,
      claimRef: referenceTo(claim),
      persistentVolumeReclaimPolicy: kind.reclaimPolicy ?? 'Delete',
      storageClassName: kind.metadata.name,
      ...(kind.mountOptions ? { mountOptions: kind.mountOptions } : {}),
      volumeMode: claim.spec.volumeMode,
      ...(reach ? { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [reach] }] } } } : {}),
    },
    status: { phase: 'Pending', lastPhaseTransitionTime: stamp(world) },
  } as never;
}
