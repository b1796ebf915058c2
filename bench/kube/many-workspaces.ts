import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLAIM, CONFIG_MAP, DEPLOYMENT, STATEFUL_SET } from '../../src/workspace/kubernetes/kinds.ts';
import { createNode } from '../../test/fakes/kube-api/controllers/nodes.ts';
import type { KubeLab } from '../../test/fakes/kube-api/lab.ts';
import { putNamespace } from '../../test/fakes/kube-api/layouts/definition.ts';
import { putLonghorn } from '../../test/fakes/kube-api/layouts/ecs-longhorn.ts';
import { eventually } from '../../test/fakes/kube-api/layouts/layout.ts';
import { blockClaim, put } from '../../test/fakes/kube-api/layouts/objects.ts';

const READY_WITHIN_MS = 120_000;
const IMAGE = 'docker.repository.cloudera.com/cloudera/cdsw';

/** Small workspaces, each with two services and a volume; answers the names of their namespaces. */
export async function makeManyWorkspaces(lab: KubeLab, count: number, moversAtOnce: number): Promise<string[]> {
  putLonghorn(lab);
  // A mover requests 250m of a processor: so many find room, the others wait as they do on a full cluster.
  const node = createNode(lab.world, 'worker-1');
  lab.store.edit({ ...NODES }, node.metadata.name, undefined, ({ status }) => {
    status.allocatable.cpu = `${moversAtOnce * 250 + 249}m`;
  });
  const names = Array.from({ length: count }, (_, at) => `team-${String(at + 1).padStart(3, '0')}`);
  for (const name of names) putWorkspace(lab, name);
  await eventually(lab, READY_WITHIN_MS, () => {
    const down = names.filter((name) => !isUp(lab, name));
    return down.length === 0 ? undefined : `${down.length} workspaces are not up, such as ${down[0]}`;
  });
  for (const name of names) {
    const volume = lab.store.get(CLAIM, 'data-db-0', name)?.spec.volumeName;
    await writeFile(join(lab.world.directoryOf(volume), 'rows'), `what ${name} knows\n`);
  }
  return names;
}

const NODES = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false };

function putWorkspace(lab: KubeLab, namespace: string): void {
  putNamespace(lab, namespace);
  put(lab, CONFIG_MAP, { metadata: { name: 'settings', namespace }, data: { VERSION: '1' } });
  const template = (name: string, volumeMounts: object[] = []) => ({
    metadata: { labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 5, containers: [{ name, image: `${IMAGE}/${name}:1`, volumeMounts }] },
  });
  const base = (name: string) => ({ replicas: 1, selector: { matchLabels: { app: name } } });
  put(lab, DEPLOYMENT, { metadata: { name: 'web', namespace }, spec: { ...base('web'), template: template('web') } });
  put(lab, STATEFUL_SET, {
    metadata: { name: 'db', namespace },
    spec: {
      ...{ ...base('db'), serviceName: 'db', template: template('db', [{ name: 'data', mountPath: '/data' }]) },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: blockClaim('longhorn', '1Gi') }],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    },
  });
}

function isUp({ store }: KubeLab, namespace: string): boolean {
  const ready = [store.get(DEPLOYMENT, 'web', namespace), store.get(STATEFUL_SET, 'db', namespace)];
  return ready.every((object) => object?.status?.readyReplicas === 1);
}
