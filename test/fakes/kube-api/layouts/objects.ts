import {
  CLAIM,
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  type Kind,
  STATEFUL_SET,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import type { Stored } from '../store.ts';
import { WORKSPACE } from './layout.ts';
import { type ServiceSpec, sizeOf } from './services.ts';

const IMAGES = 'docker.repository.cloudera.com/cloudera/cdsw';
const VERSION = '2.0.45-b86';

/** Puts an object down as if it had always been there. */
export function put(lab: KubeLab, kind: Kind, object: object): Stored {
  return lab.store.create(kind, object as Stored);
}

export function putService(lab: KubeLab, service: ServiceSpec, blockClass: string): void {
  const { name, kind, replicas = 1, templates = [] } = service;
  const metadata = { name, namespace: WORKSPACE, labels: { app: name, role: name } };
  const selector = { matchLabels: { app: name } };
  const template = { metadata: { labels: { app: name, role: name } }, spec: podSpec(service) };
  if (kind === 'DaemonSet') put(lab, DAEMON_SET, { metadata, spec: { selector, template } });
  if (kind === 'Deployment') put(lab, DEPLOYMENT, { metadata, spec: { replicas, selector, template } });
  if (kind === 'CronJob') {
    const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
    const spec = { schedule: '17 3 * * *', suspend: false, jobTemplate: { spec: { backoffLimit: 0, template: once } } };
    put(lab, CRON_JOB, { metadata, spec });
  }
  if (kind !== 'StatefulSet') return;
  const volumeClaimTemplates = templates.map((claim) => ({
    metadata: { name: claim },
    spec: blockClaim(blockClass, sizeOf(claim)),
  }));
  const policy = { whenDeleted: 'Retain', whenScaled: 'Retain' };
  put(lab, STATEFUL_SET, {
    metadata,
    spec: {
      ...{ replicas, selector, template, serviceName: name, volumeClaimTemplates },
      persistentVolumeClaimRetentionPolicy: policy,
    },
  });
}

function podSpec({ name, port, graceSeconds = 30, templates = [], claims = [], projects }: ServiceSpec): object {
  const mounts = [...templates, ...claims].map((claim) => ({ name: claim, mountPath: `/var/lib/${name}/${claim}` }));
  const tls = name === 'web' ? [{ name: 'tls', mountPath: '/etc/tls', readOnly: true }] : [];
  const shared = projects === undefined ? [] : [{ name: 'projects', mountPath: projects }];
  return {
    serviceAccountName: 'default',
    terminationGracePeriodSeconds: graceSeconds,
    containers: [
      {
        name,
        image: `${IMAGES}/${name}:${VERSION}`,
        ...(port === undefined ? {} : { ports: [{ containerPort: port }] }),
        envFrom: [{ configMapRef: { name: 'cdsw-config' } }],
        volumeMounts: [...mounts, ...shared, ...tls],
      },
    ],
    volumes: [
      ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim } })),
      ...(projects === undefined ? [] : [{ name: 'projects', persistentVolumeClaim: { claimName: 'projects-pvc' } }]),
      ...(name === 'web' ? [{ name: 'tls', secret: { secretName: 'cml-tls-secret' } }] : []),
    ],
  };
}

export function blockClaim(storageClassName: string, storage: string): object {
  return { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } };
}

export function putClaim(lab: KubeLab, name: string, owner: string, spec: object, namespace = WORKSPACE): Stored {
  return put(lab, CLAIM, { metadata: { name, namespace, labels: { app: owner } }, spec });
}

/** A Job that ran once when the workspace was made: it stays listed, its pod does not come back. */
export function putFinishedJob(lab: KubeLab, name: string): void {
  const template = {
    metadata: { labels: { app: name } },
    spec: { ...podSpec({ name, kind: 'CronJob' }), restartPolicy: 'Never' },
  };
  const at = new Date(lab.world.now().getTime() - 86_400_000).toISOString().replace(/\.\d+/, '');
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    ...{ type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason: 'CompletionsReached' },
  }));
  put(lab, JOB, {
    metadata: { name, namespace: WORKSPACE },
    spec: { backoffLimit: 6, template },
    status: { conditions, startTime: at, completionTime: at, succeeded: 1, ready: 0, terminating: 0 },
  });
}
