import { SNAPSHOT, SNAPSHOT_CLASS, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { DEFAULT_CLASS, SnapshotProblem } from './snapshot-marks.ts';
import { keyOf, type World } from './world.ts';

/** Fills in the default class of the claim's driver. @throws SnapshotProblem */
export function withClass({ store }: World, snapshot: Stored, claim: Stored | undefined): Stored {
  if (snapshot.spec.volumeSnapshotClassName) return snapshot;
  const cannot = (why: string) =>
    new SnapshotProblem(
      'SetDefaultSnapshotClassFailed',
      `Failed to set default snapshot class with error ${why}`,
      true,
    );
  const claimName: string = snapshot.spec.source.persistentVolumeClaimName;
  if (!claim)
    throw cannot(
      `failed to retrieve PVC ${claimName} from the lister: "persistentvolumeclaim \\"${claimName}\\" not found"`,
    );
  const volume = claim.spec.volumeName ? store.get(VOLUME, claim.spec.volumeName) : undefined;
  if (!volume) throw cannot(`the PVC ${claimName} is not yet bound to a PV`);
  if (!volume.spec.csi) throw cannot(`snapshotting non-CSI volumes is not supported, snapshot:${keyOf(snapshot)}`);
  const usual = store
    .list(SNAPSHOT_CLASS)
    .filter((kind) => kind.driver === volume.spec.csi.driver && kind.metadata.annotations?.[DEFAULT_CLASS] === 'true');
  if (usual.length === 0) throw cannot('cannot find default snapshot class');
  if (usual.length > 1) throw cannot(`${usual.length} default snapshot classes were found`);
  const { name, namespace } = snapshot.metadata;
  return (
    store.edit(SNAPSHOT, name, namespace, ({ spec }) => {
      spec.volumeSnapshotClassName = usual[0]?.metadata.name;
    }) ?? snapshot
  );
}
