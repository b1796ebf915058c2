import type {
  KubernetesObject,
  V1Container,
  V1ObjectMeta,
  V1PersistentVolumeClaimSpec,
  V1PersistentVolumeSpec,
  V1PodSpec,
  V1Volume,
} from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import type { Kind } from '../../../src/workspace/kubernetes/kinds.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import type { Access, Denial } from '../../fakes/kube-api/access.ts';
import { createKubeDouble } from '../../fakes/kube-api/double.ts';
import { Refused, type Store } from '../../fakes/kube-api/store.ts';

export const NAMESPACE = 'ws1';

/** Objects put down by hand behind an API server where no controller acts: looking is all that is done here. */
export interface Scene {
  readonly store: Store;
  readonly context: KubeContext;
  /** What `get` answers, by address. */
  readonly answers: Map<string, unknown>;
  forbid(denial: Denial): void;
  readonly access: Access;
  /** From now on no pod is let in. */
  letNoPodIn(why: string): void;
  put(kind: Kind, name: string, rest?: object, namespace?: string): void;
  template(kind: Kind, name: string, options?: TemplateOptions): void;
  claim(name: string, spec?: Partial<V1PersistentVolumeClaimSpec>, volume?: Partial<V1PersistentVolumeSpec>): void;
  pod(name: string, volumes: readonly V1Volume[], options?: PodOptions): void;
}

export interface TemplateOptions {
  readonly replicas?: number;
  readonly ready?: number;
  readonly metadata?: Partial<V1ObjectMeta>;
  readonly labels?: Record<string, string>;
  readonly container?: Partial<V1Container>;
  readonly volumes?: readonly V1Volume[];
  readonly spec?: object;
}

export interface PodOptions {
  readonly namespace?: string;
  readonly metadata?: Partial<V1ObjectMeta>;
  readonly spec?: Partial<V1PodSpec>;
  readonly phase?: string;
}

export const RBD = 'rbd.csi.ceph.com';

export async function createScene(settings: object = {}): Promise<Scene> {
  const double = await createKubeDouble({ namespaces: [NAMESPACE] });
  onTestFinished(() => double.dispose());
  const { store } = double;
  const answers = new Map<string, unknown>();
  double.serve((path) => answers.get(path));
  const put: Scene['put'] = (kind, name, rest = {}, namespace = NAMESPACE) => {
    const { metadata, ...others } = rest as { metadata?: V1ObjectMeta };
    store.create(kind, {
      metadata: { ...metadata, name, ...(kind.namespaced ? { namespace } : {}) },
      ...others,
    } as KubernetesObject);
  };
  return {
    store,
    answers,
    access: double.access,
    put,
    context: contextOf(double.cluster(), settings),
    letNoPodIn(why) {
      double.admit(({ object }) => {
        if (object.kind === 'Pod') throw new Refused(403, 'Forbidden', why);
      });
    },
    forbid: (denial) => void double.access.deny(denial),
    template(kind, name, { replicas = 1, ready = replicas, metadata = {}, labels = {}, container = {}, ...rest } = {}) {
      const template = {
        metadata: { labels: { app: name, ...labels } },
        spec: { containers: [{ name, image: 'ml/app:2.0.51', ...container }], volumes: rest.volumes ?? [] },
      };
      put(kind, name, {
        metadata,
        spec: { replicas, template, ...rest.spec },
        status: { observedGeneration: 1, readyReplicas: ready },
      });
    },
    claim(name, spec = {}, volume = {}) {
      const volumeName = `pv-${name}`;
      const claimRef = { namespace: NAMESPACE, name };
      const accessModes = spec.accessModes ?? ['ReadWriteOnce'];
      const bound = { accessModes, storageClassName: 'block', volumeName };
      const csi = volume.nfs ? {} : { csi: { driver: RBD, volumeHandle: `handle-${name}` } };
      put(kinds.CLAIM, name, { spec: { ...bound, ...spec }, status: { phase: 'Bound' } });
      put(kinds.VOLUME, volumeName, {
        spec: { ...csi, accessModes, claimRef, persistentVolumeReclaimPolicy: 'Retain', ...volume },
      });
    },
    pod(name, volumes, { namespace = NAMESPACE, metadata = {}, spec = {}, phase = 'Running' } = {}) {
      const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }));
      const containers = [{ name: 'main', volumeMounts }];
      put(
        kinds.POD,
        name,
        { metadata, spec: { containers, volumes, nodeName: 'node-1', ...spec }, status: { phase } },
        namespace,
      );
    },
  };
}

export function contextOf(cluster: Cluster, settings: object = {}): KubeContext {
  return {
    ...{ workspace: NAMESPACE, namespace: NAMESPACE, image: 'cml-backup:1', cluster, clock: systemClock },
    settings: kubernetesSettings.parse({ kind: 'kubernetes', ...settings }),
    policy: workspacePolicy.parse({}),
    log: createLog({ write: () => undefined }, 'silent'),
    runHere: () => Promise.reject(new Error('nothing is run here')),
  };
}

/** A pod's volume of a claim. */
export function mount(claimName: string, readOnly?: boolean): V1Volume {
  return { name: claimName, persistentVolumeClaim: { claimName, ...(readOnly === undefined ? {} : { readOnly }) } };
}

export function ownedBy(kind: string, name: string): Partial<V1ObjectMeta> {
  return { ownerReferences: [{ apiVersion: 'v1', kind, name, uid: `uid-${name}`, controller: true }] };
}
