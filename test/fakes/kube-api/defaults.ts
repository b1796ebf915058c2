import { randomUUID } from 'node:crypto';
import type { Stored } from './store.ts';

type Tree = Record<string, unknown>;

/** What the server fills in when an object is made: only what is not there. */
export function fillIn(object: Stored): void {
  object.metadata.uid = randomUUID();
  FILL[object.kind ?? '']?.(object);
}

const FILL: Readonly<Record<string, (object: Stored) => void>> = {
  Namespace(object) {
    object.metadata.labels = { 'kubernetes.io/metadata.name': object.metadata.name, ...object.metadata.labels };
    object.spec = { finalizers: ['kubernetes'], ...object.spec };
    object.status = { phase: 'Active' };
  },
  Pod(object) {
    fillPod(object.spec);
    object.status = { phase: 'Pending', qosClass: 'BestEffort' };
  },
  Deployment(object) {
    object.spec = {
      ...{ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      ...object.spec,
    };
    fillPod(object.spec.template?.spec);
    object.status = {};
  },
  StatefulSet(object) {
    object.spec = {
      ...{ replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      ...object.spec,
    };
    fillPod(object.spec.template?.spec);
    object.status = { replicas: 0, availableReplicas: 0 };
  },
  ReplicaSet(object) {
    object.spec = { replicas: 1, ...object.spec };
    fillPod(object.spec.template?.spec);
    object.status = { replicas: 0 };
  },
  DaemonSet(object) {
    object.spec = { revisionHistoryLimit: 10, ...object.spec };
    fillPod(object.spec.template?.spec);
    object.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
  },
  Job: fillJob,
  CronJob(object) {
    object.spec = {
      ...{ concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
      ...object.spec,
    };
    fillPod(object.spec.jobTemplate?.spec?.template?.spec);
    object.status = {};
  },
  Secret(object) {
    object.type ??= 'Opaque';
    const { stringData } = object;
    if (!stringData) return;
    const coded = Object.entries(stringData as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]);
    object.data = { ...object.data, ...Object.fromEntries(coded) };
    delete object.stringData;
  },
  StorageClass(object) {
    object.reclaimPolicy ??= 'Delete';
    object.volumeBindingMode ??= 'Immediate';
  },
};

function fillJob(object: Stored): void {
  const { name, uid } = object.metadata;
  const ids = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': name };
  const template = object.spec?.template ?? {};
  object.spec = {
    ...{ parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false },
    ...{ podReplacementPolicy: 'TerminatingOrFailed', manualSelector: false },
    ...object.spec,
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    template: {
      ...template,
      metadata: {
        ...template.metadata,
        labels: { ...template.metadata?.labels, ...ids, 'controller-uid': uid, 'job-name': name },
      },
    },
  };
  fillPod(object.spec.template.spec);
  object.status = {};
}

function fillPod(spec: Tree | undefined): void {
  if (!spec) return;
  const usual: Tree = {
    ...{ restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' },
    ...{ schedulerName: 'default-scheduler', securityContext: {} },
  };
  for (const [key, value] of Object.entries(usual)) spec[key] ??= value;
  for (const container of [...((spec.initContainers ?? []) as Tree[]), ...((spec.containers ?? []) as Tree[])]) {
    container.terminationMessagePath ??= '/dev/termination-log';
    container.terminationMessagePolicy ??= 'File';
    container.imagePullPolicy ??= String(container.image).includes(':') ? 'IfNotPresent' : 'Always';
    container.resources ??= {};
  }
}
