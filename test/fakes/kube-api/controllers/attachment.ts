import { createHash } from 'node:crypto';
import { ATTACHMENT, CLAIM, POD, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Change, Stored } from '../store.ts';
import { claimNamesOf } from './claims.ts';
import type { Storage } from './storage.ts';
import { startController, type World } from './world.ts';

export const ATTACHER_HOLDS = 'external-attacher/';

const CSI_DRIVER = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', plural: 'csidrivers', namespaced: false };

/**
 * Attaches CSI volumes to the nodes of the pods that use them, and detaches them some time after the last such pod ended:
 * that, not the pod's end, is when its writes have reached the storage.
 */
export function startAttachmentController(world: World, storage: Storage): () => void {
  const { store } = world;
  world.isAttached = (volumeName, nodeName) => {
    const volume = store.get(VOLUME, volumeName);
    const isMine = ({ spec }: Stored) => spec.source.persistentVolumeName === volumeName && spec.nodeName === nodeName;
    const [standing] = store.list(ATTACHMENT, undefined, isMine);
    return (
      !volume || !isAttachable(volume) || (standing?.status?.attached === true && !standing.metadata.deletionTimestamp)
    );
  };
  return startController(world, { kinds: [POD, CLAIM, VOLUME, ATTACHMENT], keysOf: volumesOf, look });

  function volumesOf({ kind, object }: Change): string[] {
    if (kind.kind === 'VolumeAttachment') return [object.spec.source.persistentVolumeName];
    if (kind.kind === 'PersistentVolume') return [object.metadata.name];
    const claims =
      kind.kind === 'Pod'
        ? claimNamesOf(object).map((name) => store.get(CLAIM, name, object.metadata.namespace))
        : [object];
    return claims.flatMap((claim) => (claim?.spec.volumeName ? [claim.spec.volumeName] : []));
  }

  async function look(volumeName: string): Promise<void> {
    const volume = store.get(VOLUME, volumeName);
    const isOf = ({ spec }: Stored) => spec.source.persistentVolumeName === volumeName;
    const standing = store.list(ATTACHMENT, undefined, isOf);
    const wanted = volume ? nodesOf(volume) : new Set<string>();
    for (const attachment of standing)
      if (!wanted.has(attachment.spec.nodeName) || attachment.metadata.deletionTimestamp) await detach(attachment);
    if (!volume || !isAttachable(volume)) return;
    for (const node of wanted) await attach(volume, node);
  }

  function nodesOf(volume: Stored): Set<string> {
    const { name, namespace } = volume.spec.claimRef ?? {};
    const nodes = store
      .list(POD, namespace)
      .filter(({ status }) => !['Succeeded', 'Failed'].includes(status?.phase))
      .filter((pod) => claimNamesOf(pod).includes(name))
      .flatMap(({ spec }) => (spec.nodeName ? [spec.nodeName as string] : []));
    const claim = name && store.get(CLAIM, name, namespace);
    return new Set(claim && claim.spec.volumeName === volume.metadata.name ? nodes : []);
  }

  function isAttachable({ spec }: Stored): boolean {
    return spec.csi !== undefined && store.get(CSI_DRIVER, spec.csi.driver)?.spec?.attachRequired !== false;
  }

  async function attach(volume: Stored, nodeName: string): Promise<void> {
    const { driver, volumeHandle } = volume.spec.csi;
    const name = `csi-${createHash('sha256').update(`${volumeHandle}${driver}${nodeName}`).digest('hex')}`;
    const isElsewhere = ({ spec }: Stored) =>
      spec.source.persistentVolumeName === volume.metadata.name && spec.nodeName !== nodeName;
    const others = store.list(ATTACHMENT, undefined, isElsewhere);
    const isForOne = (volume.spec.accessModes ?? []).every((mode: string) => mode.startsWith('ReadWriteOnce'));
    // A multi-attach error: the pod there waits until the volume is free.
    if (isForOne && others.length > 0) return;
    const holder = holderOf(driver);
    if (!store.get(ATTACHMENT, name)) {
      const spec = { attacher: driver, source: { persistentVolumeName: volume.metadata.name }, nodeName };
      store.create(ATTACHMENT, { metadata: { name }, spec, status: { attached: false } } as never);
    }
    const standing = store.get(ATTACHMENT, name);
    if (!standing || standing.status.attached || standing.metadata.deletionTimestamp) return;
    await pause(storage.waits.attach);
    hold(VOLUME, volume.metadata.name, holder);
    hold(ATTACHMENT, name, holder);
    store.edit(ATTACHMENT, name, undefined, (attachment) => {
      attachment.status = { ...attachment.status, attached: true };
    });
  }

  async function detach({ metadata, spec }: Stored): Promise<void> {
    if (!metadata.deletionTimestamp) {
      await pause(storage.waits.idle);
      const volume = store.get(VOLUME, spec.source.persistentVolumeName);
      if (volume && nodesOf(volume).has(spec.nodeName)) return;
      if (store.get(ATTACHMENT, metadata.name)) store.remove(ATTACHMENT, metadata.name);
    }
    await pause(storage.waits.detach);
    store.edit(ATTACHMENT, metadata.name, undefined, (attachment) => {
      attachment.status = { attached: false };
    });
    store.edit(ATTACHMENT, metadata.name, undefined, (attachment) => {
      attachment.metadata.finalizers = [];
    });
  }

  function hold(kind: typeof VOLUME | typeof ATTACHMENT, name: string, finalizer: string): void {
    store.edit(kind, name, undefined, ({ metadata }) => {
      metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])];
    });
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => void world.after(ms, resolve));
  }
}

const holderOf = (driver: string) => `${ATTACHER_HOLDS}${driver.replaceAll('.', '-')}`;
