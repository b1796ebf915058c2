import {
  CLAIM,
  POD,
  SNAPSHOT,
  SNAPSHOT_CONTENT,
  STORAGE_CLASS,
  VOLUME,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Change, Stored } from '../store.ts';
import { claimNamesOf, holdsFor, referenceTo } from './claims.ts';
import { tell } from './events.ts';
import { provision } from './provisioner.ts';
import { bytesOf } from './quantity.ts';
import { createPatience, type Storage, stamp } from './storage.ts';
import { CLAIM_PROTECTION } from './storage-admission.ts';
import { keyOf, splitKey, startController, type World } from './world.ts';

const COMPLETED = 'pv.kubernetes.io/bind-completed';
const BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';

/** Binds claims to volumes and has volumes made for them, and holds claims that are in use. */
export function startClaimBinder(world: World, storage: Storage): () => void {
  const { store } = world;
  /** Claims whose volume is bound while they are not, by their version: only a change of theirs or a resync helps (trace 11). */
  const late = new Map<string, string>();
  const making = new Set<string>();
  const timers = new Set<() => void>();
  const patience = createPatience(storage);

  const stopLooking = startController(world, {
    kinds: [CLAIM, VOLUME, POD, STORAGE_CLASS, SNAPSHOT, SNAPSHOT_CONTENT],
    keysOf: (change) => claimsOf(change).filter((key) => change.kind.kind !== 'PersistentVolume' || !late.has(key)),
    look,
  });
  return () => {
    stopLooking();
    for (const cancel of timers) cancel();
  };

  function claimsOf({ kind, object }: Change): string[] {
    const named = (of: Stored[]) => of.map(keyOf);
    if (kind.kind === 'PersistentVolumeClaim') return [keyOf(object)];
    if (kind.kind === 'Pod') return claimNamesOf(object).map((name) => `${object.metadata.namespace}/${name}`);
    const waiting = store.list(CLAIM, undefined, ({ status }) => status?.phase !== 'Bound');
    if (kind.kind === 'PersistentVolume') {
      const { namespace, name } = object.spec.claimRef ?? {};
      const bound = store.list(CLAIM, undefined, ({ spec }) => spec.volumeName === object.metadata.name);
      return [...(name ? [`${namespace}/${name}`] : []), ...named(bound), ...named(waiting)];
    }
    return named(waiting);
  }

  async function look(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const claim = store.get(CLAIM, name, namespace);
    if (!claim) {
      late.delete(key);
      return;
    }
    if (claim.metadata.deletionTimestamp) release(claim);
    else if (claim.metadata.annotations?.[COMPLETED]) keepBound(claim);
    else if (claim.spec.volumeName) bindNamed(claim, key);
    else await bindAny(claim, key);
  }

  async function bindAny(claim: Stored, key: string): Promise<void> {
    const found = fitting(claim);
    if (found) {
      bind(claim, found);
      return;
    }
    if (making.has(claim.metadata.uid)) return;
    making.add(claim.metadata.uid);
    try {
      if ((await provision(world, storage, claim)) === 'failed') askAgain(key, patience.next(claim.metadata.uid));
    } finally {
      making.delete(claim.metadata.uid);
    }
  }

  /** A pod that is there and has a node uses its claims, also when it has ended. */
  function release(claim: Stored): void {
    if (!claim.metadata.finalizers?.includes(CLAIM_PROTECTION)) return;
    const isUsed = store
      .list(POD, claim.metadata.namespace)
      .some((pod) => pod.spec?.nodeName && claimNamesOf(pod).includes(claim.metadata.name));
    if (isUsed) return;
    store.edit(CLAIM, claim.metadata.name, claim.metadata.namespace, ({ metadata }) => {
      metadata.finalizers = (metadata.finalizers ?? []).filter((held) => held !== CLAIM_PROTECTION);
    });
  }

  function keepBound(claim: Stored): void {
    const volume = store.get(VOLUME, claim.spec.volumeName);
    if (!volume || volume.spec.claimRef?.uid !== claim.metadata.uid) {
      if (claim.status?.phase === 'Lost') return;
      store.edit(CLAIM, claim.metadata.name, claim.metadata.namespace, (lost) => {
        lost.status = { phase: 'Lost' };
      });
      const why = volume ? 'ClaimMisbound' : 'ClaimLost';
      const words = volume
        ? `Two claims are bound to the same volume, this one is bound incorrectly`
        : 'Bound claim has lost its PersistentVolume. Data on the volume is lost!';
      tell(world, claim, 'Warning', why, words);
      return;
    }
    if (claim.status?.phase !== 'Bound') completeStatus(claim, volume);
    else grow(claim, volume);
  }

  function bindNamed(claim: Stored, key: string): void {
    const volume = store.get(VOLUME, claim.spec.volumeName);
    if (!volume || late.get(key) === claim.metadata.resourceVersion) return;
    if (!volume.spec.claimRef) {
      if (!satisfies(volume, claim)) {
        const words = `Cannot bind to requested volume "${volume.metadata.name}": requested PV is too small or does not fit`;
        tell(world, claim, 'Warning', 'VolumeMismatch', words);
        return;
      }
      bindVolume(claim, volume);
      late.set(key, claim.metadata.resourceVersion);
      const cancel = world.after(storage.waits.resync, () => {
        timers.delete(cancel);
        late.delete(key);
        askAgain(key, 0);
      });
      timers.add(cancel);
      return;
    }
    if (holdsFor(volume, claim)) {
      late.delete(key);
      bind(claim, volume);
    }
  }

  /** Has the claim looked at again later, as if something had changed. */
  function askAgain(key: string, ms: number): void {
    const cancel = world.after(ms, () => {
      timers.delete(cancel);
      void Promise.resolve(look(key)).catch((error) => world.failures.push(error));
    });
    timers.add(cancel);
  }

  /** A volume that is reserved for this claim, else the smallest free one that fits; made volumes belong to their class. */
  function fitting(claim: Stored): Stored | undefined {
    const isReserved = (volume: Stored) =>
      !volume.metadata.deletionTimestamp && holdsFor(volume, claim) && isLargeEnough(volume, claim);
    const [reserved] = store.list(VOLUME, undefined, isReserved);
    if (reserved) return reserved;
    if (claim.spec.dataSource) return undefined;
    const isFree = (volume: Stored) =>
      !volume.metadata.deletionTimestamp && !volume.spec.claimRef && volume.status?.phase === 'Available';
    return store
      .list(VOLUME, undefined, (volume) => isFree(volume) && satisfies(volume, claim))
      .sort((one, other) => bytesOf(one.spec.capacity?.storage) - bytesOf(other.spec.capacity?.storage))[0];
  }

  function bind(claim: Stored, volume: Stored): void {
    bindVolume(claim, volume);
    const wasNamed = Boolean(claim.spec.volumeName);
    store.edit(CLAIM, claim.metadata.name, claim.metadata.namespace, (bound) => {
      bound.spec.volumeName = volume.metadata.name;
      const notes = { [COMPLETED]: 'yes', ...(wasNamed ? {} : { [BY_CONTROLLER]: 'yes' }) };
      bound.metadata.annotations = { ...bound.metadata.annotations, ...notes };
    });
    completeStatus(claim, volume);
  }

  function bindVolume(claim: Stored, { metadata, spec }: Stored): void {
    if (spec.claimRef?.uid !== claim.metadata.uid)
      store.edit(VOLUME, metadata.name, undefined, (volume) => {
        if (!volume.spec.claimRef)
          volume.metadata.annotations = { [BY_CONTROLLER]: 'yes', ...volume.metadata.annotations };
        volume.spec.claimRef = referenceTo(claim);
      });
    store.edit(VOLUME, metadata.name, undefined, (volume) => {
      if (volume.status?.phase !== 'Bound') volume.status = { phase: 'Bound', lastPhaseTransitionTime: stamp(world) };
    });
  }

  function completeStatus(claim: Stored, volume: Stored): void {
    store.edit(CLAIM, claim.metadata.name, claim.metadata.namespace, (bound) => {
      bound.status = { phase: 'Bound', accessModes: volume.spec.accessModes, capacity: volume.spec.capacity };
    });
  }

  function grow(claim: Stored, volume: Stored): void {
    const wanted = claim.spec.resources?.requests?.storage;
    if (bytesOf(wanted) <= bytesOf(volume.spec.capacity?.storage)) return;
    if (!store.get(STORAGE_CLASS, claim.spec.storageClassName ?? '')?.allowVolumeExpansion) return;
    const grown = store.edit(VOLUME, volume.metadata.name, undefined, ({ spec }) => {
      spec.capacity = { storage: wanted };
    });
    if (grown) completeStatus(claim, grown);
  }
}

const isLargeEnough = (volume: Stored, claim: Stored) =>
  bytesOf(volume.spec.capacity?.storage) >= bytesOf(claim.spec.resources?.requests?.storage);

function satisfies(volume: Stored, claim: Stored): boolean {
  const modes: string[] = volume.spec.accessModes ?? [];
  const wanted: Record<string, string> = claim.spec.selector?.matchLabels ?? {};
  return (
    isLargeEnough(volume, claim) &&
    (volume.spec.storageClassName ?? '') === (claim.spec.storageClassName ?? '') &&
    (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem') &&
    (claim.spec.accessModes ?? []).every((mode: string) => modes.includes(mode)) &&
    Object.entries(wanted).every(([key, value]) => volume.metadata.labels?.[key] === value)
  );
}
