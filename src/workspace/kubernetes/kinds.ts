import type {
  CoreV1Event,
  KubernetesObject,
  V1ConfigMap,
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1MutatingWebhookConfiguration,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ReplicaSet,
  V1Secret,
  V1Service,
  V1StatefulSet,
  V1StorageClass,
  V1ValidatingWebhookConfiguration,
  V1VolumeAttachment,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';

/** A kind of object as the API names it; `T` is what one looks like. */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  readonly apiVersion: string;
  readonly kind: string;
  /** Name in addresses. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Only carries the type. */
  readonly example?: T;
}

const namespaced = <T extends KubernetesObject>(apiVersion: string, kind: string, plural: string): Kind<T> => ({
  ...{ apiVersion, kind, plural },
  namespaced: true,
});
const clusterWide = <T extends KubernetesObject>(apiVersion: string, kind: string, plural: string): Kind<T> => ({
  ...{ apiVersion, kind, plural },
  namespaced: false,
});

export const POD = namespaced<V1Pod>('v1', 'Pod', 'pods');
export const EVENT = namespaced<CoreV1Event>('v1', 'Event', 'events');
export const CONFIG_MAP = namespaced<V1ConfigMap>('v1', 'ConfigMap', 'configmaps');
export const SECRET = namespaced<V1Secret>('v1', 'Secret', 'secrets');
/** What the API calls a Service: an address inside the cluster, not one of our services. */
export const ADDRESS = namespaced<V1Service>('v1', 'Service', 'services');
export const CLAIM = namespaced<V1PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
export const VOLUME = clusterWide<V1PersistentVolume>('v1', 'PersistentVolume', 'persistentvolumes');
export const NAMESPACE = clusterWide<V1Namespace>('v1', 'Namespace', 'namespaces');
export const NODE = clusterWide<V1Node>('v1', 'Node', 'nodes');
export const DEPLOYMENT = namespaced<V1Deployment>('apps/v1', 'Deployment', 'deployments');
export const REPLICA_SET = namespaced<V1ReplicaSet>('apps/v1', 'ReplicaSet', 'replicasets');
export const STATEFUL_SET = namespaced<V1StatefulSet>('apps/v1', 'StatefulSet', 'statefulsets');
export const DAEMON_SET = namespaced<V1DaemonSet>('apps/v1', 'DaemonSet', 'daemonsets');
export const JOB = namespaced<V1Job>('batch/v1', 'Job', 'jobs');
export const CRON_JOB = namespaced<V1CronJob>('batch/v1', 'CronJob', 'cronjobs');
export const AUTOSCALER = namespaced<V2HorizontalPodAutoscaler>(
  'autoscaling/v2',
  'HorizontalPodAutoscaler',
  'horizontalpodautoscalers',
);
export const STORAGE_CLASS = clusterWide<V1StorageClass>('storage.k8s.io/v1', 'StorageClass', 'storageclasses');
export const ATTACHMENT = clusterWide<V1VolumeAttachment>('storage.k8s.io/v1', 'VolumeAttachment', 'volumeattachments');
export const VALIDATING_WEBHOOK = clusterWide<V1ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
export const MUTATING_WEBHOOK = clusterWide<V1MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1',
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
);
export const SCALED_OBJECT = namespaced<KubernetesObject>('keda.sh/v1alpha1', 'ScaledObject', 'scaledobjects');

const SNAPSHOTS = 'snapshot.storage.k8s.io/v1';

/** The parts of the snapshot API that we use. Source: kubernetes-csi/external-snapshotter client/apis/volumesnapshot/v1. */
export interface VolumeSnapshot extends KubernetesObject {
  spec: {
    volumeSnapshotClassName?: string;
    source: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string };
  };
  status?: {
    boundVolumeSnapshotContentName?: string;
    /** The instant of consistency. */
    creationTime?: string;
    readyToUse?: boolean;
    restoreSize?: string;
    error?: { message?: string; time?: string };
  };
}

export interface VolumeSnapshotContent extends KubernetesObject {
  spec: {
    deletionPolicy: 'Delete' | 'Retain';
    driver: string;
    source: { volumeHandle?: string; snapshotHandle?: string };
    volumeSnapshotClassName?: string;
    volumeSnapshotRef: { name: string; namespace: string; uid?: string };
  };
  status?: { creationTime?: number; readyToUse?: boolean; restoreSize?: number; snapshotHandle?: string };
}

export interface VolumeSnapshotClass extends KubernetesObject {
  driver: string;
  deletionPolicy: 'Delete' | 'Retain';
  parameters?: Record<string, string>;
}

export const SNAPSHOT = namespaced<VolumeSnapshot>(SNAPSHOTS, 'VolumeSnapshot', 'volumesnapshots');
export const SNAPSHOT_CONTENT = clusterWide<VolumeSnapshotContent>(
  SNAPSHOTS,
  'VolumeSnapshotContent',
  'volumesnapshotcontents',
);
export const SNAPSHOT_CLASS = clusterWide<VolumeSnapshotClass>(
  SNAPSHOTS,
  'VolumeSnapshotClass',
  'volumesnapshotclasses',
);
