import { createHash } from 'node:crypto';
import { CLAIM, POD, STORAGE_CLASS, VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import { putNamespace } from './definition.ts';
import { WORKSPACE } from './layout.ts';
import { put } from './objects.ts';

const WHITEOUT = 'cdsw-storageclass-whiteout';

/**
 * Namespaces of users, each with a session: a pod with a random name and a claim of its own that shows one project of the
 * shared folder. Source: reference/cloudera.md 4.4 and 4.8.
 */
export function putUsers(lab: KubeLab, count: number, project: object): string[] {
  if (count > 0)
    put(lab, STORAGE_CLASS, {
      ...{ metadata: { name: WHITEOUT }, provisioner: 'kubernetes.io/no-provisioner' },
      ...{ reclaimPolicy: 'Retain', volumeBindingMode: 'Immediate' },
    });
  return Array.from({ length: count }, (_, at) => {
    const namespace = `${WORKSPACE}-user-${at + 1}`;
    putNamespace(lab, namespace);
    putSession(lab, namespace, project);
    return namespace;
  });
}

function putSession(lab: KubeLab, namespace: string, project: object): void {
  const random = createHash('sha256').update(namespace).digest('hex');
  const [claim, pod] = [random.slice(0, 8), random.slice(8, 24)];
  const size = { storage: '20Gi' };
  const usual = { accessModes: ['ReadWriteMany'], storageClassName: WHITEOUT };
  put(lab, VOLUME, {
    metadata: { name: `${namespace}-${claim}` },
    spec: {
      ...{ ...usual, capacity: size, persistentVolumeReclaimPolicy: 'Retain', ...project },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: claim, namespace },
    },
  });
  const spec = { ...usual, resources: { requests: size }, volumeName: `${namespace}-${claim}` };
  put(lab, CLAIM, { metadata: { name: claim, namespace }, spec });
  const containers = ['engine', 'ssh', 'livelog-publisher', 'kinit'].map((name) => ({
    ...{ name, image: `docker.repository.cloudera.com/cloudera/cdsw/${name}:2.0.45-b86` },
    ...(name === 'engine' ? { volumeMounts: [{ name: 'project', mountPath: '/home/cdsw' }] } : {}),
  }));
  const volumes = [{ name: 'project', persistentVolumeClaim: { claimName: claim } }];
  put(lab, POD, {
    metadata: { name: pod, namespace, labels: { 'ds-role': 'session' } },
    spec: { containers, volumes, restartPolicy: 'Never', terminationGracePeriodSeconds: 10 },
    status: { phase: 'Pending' },
  });
}
