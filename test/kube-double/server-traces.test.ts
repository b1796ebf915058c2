import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  Watch,
} from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEPLOYMENT, type Kind, SNAPSHOT } from '../../src/workspace/kubernetes/kinds.ts';
import { createKubeDouble, type KubeDouble } from '../fakes/kube-api/double.ts';
import { SERVED } from '../fakes/kube-api/kinds-served.ts';

/** The recordings that the server answers for alone, through the client that recorded them. */
let double: KubeDouble;
let config: KubeConfig;
beforeEach(async () => {
  double = await createKubeDouble({ namespaces: ['cml-demo'] });
  config = new KubeConfig();
  config.loadFromFile(double.kubeconfig);
});
afterEach(() => double.dispose());

test('begins each watch with all that is there, as recorded in 00', async () => {
  const lines = recording('00-initial-list');
  for (const { object } of lines) {
    const kind = kindOf(object);
    double.store.create(kind, object);
    const { name, namespace } = object.metadata;
    double.store.edit(kind, name, namespace, (standing) => Object.assign(standing, object));
  }
  const watches = [...new Set(lines.map(({ watch = '' }) => watch))];
  const seen = [];
  for (const plural of watches) {
    const many = lines.filter(({ watch }) => watch === plural).length;
    for (const event of await watched(plural, many)) seen.push({ watch: plural, ...event });
  }
  const recorded = lines.map(({ watch, type, object }) => ({ watch, type, object }));
  expect(comparable(seen)).toEqual(comparable(recorded));
});

test('refuses in the words and with the codes that are recorded in 03 and 08', async () => {
  const [stale, missing, invalid, review] = recording('08-errors').map(({ object }) => object);
  const namespace = 'cml-demo';
  const apps = config.makeApiClient(AppsV1Api);
  const core = config.makeApiClient(CoreV1Api);
  const selector = { matchLabels: { app: 'web' } };
  const spec = { selector, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } };
  double.store.create(DEPLOYMENT, { metadata: { name: 'web', namespace }, spec } as object);
  const web = await apps.readNamespacedDeployment({ name: 'web', namespace });
  double.store.edit(DEPLOYMENT, 'web', namespace, (object) => {
    object.spec.replicas = 3;
  });
  const body = { ...web, spec: { ...spec, replicas: 5 } };
  expect(await refused(apps.replaceNamespacedDeployment({ name: 'web', namespace, body }))).toEqual([409, stale]);
  expect(await refused(core.readNamespacedPod({ name: 'nope', namespace }))).toEqual([404, missing]);
  const claim = {
    metadata: { name: 'Bad_Name' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const wrong = core.createNamespacedPersistentVolumeClaim({ namespace, body: claim });
  expect(await refused(wrong)).toEqual([422, invalid]);

  const access = config.makeApiClient(AuthorizationV1Api);
  const resourceAttributes = review.spec.resourceAttributes;
  const answer = await access.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
  expect(comparable(answer)).toEqual(comparable(review));

  const again = recording('03-volumesnapshot-of-missing-claim').find(({ response }) => response?.includes('409'));
  const source = { persistentVolumeClaimName: 'data-db-0' };
  double.store.create(SNAPSHOT, { metadata: { name: 'trace-db', namespace }, spec: { source } } as object);
  const create = config.makeApiClient(CustomObjectsApi).createNamespacedCustomObject({
    ...{ group: 'snapshot.storage.k8s.io', version: 'v1', namespace, plural: 'volumesnapshots' },
    body: {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'trace-db' },
      spec: { source },
    },
  });
  expect(await refused(create)).toEqual([409, again?.object]);
});

test('ends a watch from an old version with an error in it, as recorded in 08', async () => {
  const expired = recording('08-errors').find(({ response }) => response?.startsWith('WATCH from'));
  const events = await watched('pods', 1, { resourceVersion: 1 });
  expect(comparable(events)).toEqual(comparable([{ type: 'ERROR', object: expired?.object }]));
});

test('answers a scale to zero as recorded in 01', async () => {
  const [recorded] = recording('01-scale-answers').filter(({ response }) => response === 'PATCH scale web');
  const selector = { matchLabels: { app: 'web' } };
  const metadata = { name: 'web', namespace: 'cml-demo' };
  double.store.create(DEPLOYMENT, { metadata, spec: { replicas: 2, selector }, status: { replicas: 2 } } as object);
  const answer = await fetch(`${double.url}/apis/apps/v1/namespaces/cml-demo/deployments/web/scale`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/merge-patch+json' },
    body: JSON.stringify({ spec: { replicas: 0 } }),
  });
  expect(comparable(await answer.json())).toEqual(comparable(recorded?.object));
});

interface Line {
  readonly watch?: string;
  readonly type?: string;
  readonly response?: string;
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind
  readonly object: any;
}

function recording(name: string): Line[] {
  const text = readFileSync(join(import.meta.dirname, 'traces', `${name}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function kindOf({ apiVersion, kind }: { apiVersion: string; kind: string }): Kind {
  const found = SERVED.find(({ kind: served }) => served.apiVersion === apiVersion && served.kind === kind);
  if (!found) throw new Error(`the double does not know ${kind}`);
  return found.kind;
}

async function watched(plural: string, many: number, query: Record<string, string | number> = {}) {
  const { kind } = SERVED.find(({ kind }) => kind.plural === plural) ?? {};
  const root = kind?.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : '/api/v1';
  const events: { type: string; object: unknown }[] = [];
  const hear = (type: string, object: unknown) => void events.push({ type, object });
  const watch = await new Watch(config).watch(`${root}/${plural}`, query, hear, () => {});
  await expect.poll(() => events.length).toBe(many);
  watch.abort();
  return events;
}

async function refused(call: Promise<unknown>): Promise<[number, unknown]> {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ApiException)) throw new Error('it was not refused');
  return [error.code, JSON.parse(error.body)];
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** Ids, times and versions differ; what stands for a whole map in the notes of writers has no use for us. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(UUID, 'id')
    .replace(TIME, 'time')
    .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"0"')
    .replace(/"generation":\d+,/g, '')
    .replace(/(too old resource version: \d+) \(\d+\)/, '$1')
    .replaceAll('".":{},', '');
  return JSON.parse(text);
}
