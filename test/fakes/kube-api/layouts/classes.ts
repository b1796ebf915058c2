import { type Kind, SNAPSHOT_CLASS, STORAGE_CLASS } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import { put } from './objects.ts';

export const CSI_DRIVER: Kind = {
  ...{ apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', plural: 'csidrivers', namespaced: false },
};

interface ClassOptions {
  readonly isDefault?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly reclaimPolicy?: 'Delete' | 'Retain';
  readonly volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer';
}

export function putClass(lab: KubeLab, name: string, provisioner: string, options: ClassOptions = {}): void {
  const { isDefault = false, parameters = {}, reclaimPolicy = 'Delete', volumeBindingMode = 'Immediate' } = options;
  const annotations = { 'storageclass.kubernetes.io/is-default-class': String(isDefault) };
  const metadata = { name, annotations };
  put(lab, STORAGE_CLASS, {
    ...{ metadata, provisioner, parameters, reclaimPolicy, volumeBindingMode, allowVolumeExpansion: true },
  });
}

export function putSnapshotClass(
  lab: KubeLab,
  name: string,
  driver: string,
  parameters: Readonly<Record<string, string>>,
): void {
  put(lab, SNAPSHOT_CLASS, { metadata: { name }, driver, deletionPolicy: 'Delete', parameters });
}

export function putDriver(lab: KubeLab, name: string, isAttached = true): void {
  put(lab, CSI_DRIVER, {
    metadata: { name },
    spec: { attachRequired: isAttached, podInfoOnMount: true, fsGroupPolicy: 'ReadWriteOnceWithFSType' },
  });
}
