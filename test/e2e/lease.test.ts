import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LEASE } from '../../src/workspace/kubernetes/lease.ts';
import { createKubeDouble, type KubeDouble } from '../fakes/kube-api/double.ts';
import { freePort } from '../workspace/local/bench.ts';
import { type Bench, makeBench } from './bench.ts';
import { until } from './processes.ts';

vi.setConfig({ testTimeout: 60_000 });

let double: KubeDouble;
let bench: Bench;

beforeAll(async () => {
  double = await createKubeDouble({ namespaces: ['cml-backup'] });
  bench = await makeBench({ services: [] });
});
afterAll(async () => {
  await bench?.dispose();
  await double?.dispose();
});

const environment = () => ({ CML_LEASE: 'cml-backup/cml-backup', KUBECONFIG: double.kubeconfig });
const holder = () => double.store.get(LEASE, 'cml-backup', 'cml-backup')?.spec.holderIdentity;

test('a server holds the Lease while it serves, and gives it back when it is told to end', async () => {
  const server = await bench.serve([], { environment: environment() });
  expect(holder()).toMatch(/\S/);
  server.kill('SIGTERM');
  expect((await server.ended).exitCode).toBe(0);
  expect(holder()).toBe('');
});

test('a server that loses the Lease ends at once with a code of its own', async () => {
  const server = await bench.serve([], { environment: environment() });
  double.store.edit(LEASE, 'cml-backup', 'cml-backup', (lease) => {
    lease.spec.holderIdentity = 'another-pod';
  });
  const { exitCode, stderr } = await server.ended;
  expect({ exitCode, stderr }).toEqual({
    exitCode: 75,
    stderr: 'The Lease cml-backup/cml-backup is lost: another-pod holds it. This server ends at once.\n',
  });
});

test('a server does nothing before the Lease is its own, and tells a cluster meanwhile that it lives', async () => {
  const port = await freePort();
  const server = bench.begin(['serve'], { environment: { ...environment(), CML_METRICS: `127.0.0.1:${port}` } });
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await until('it says that it waits', () => server.stderr().includes('Another server (another-pod) holds the Lease'));
  expect((await bench.operations('open')).length).toBe(0);
  expect((await ask('/healthz')).status).toBe(200);
  const notYet = await ask('/readyz');
  expect([notYet.status, await notYet.json()]).toMatchObject([503, { stage: 'waits to act' }]);
  double.store.edit(LEASE, 'cml-backup', 'cml-backup', (lease) => {
    lease.spec.holderIdentity = '';
  });
  await until('it has it', () => !['', 'another-pod'].includes(holder() ?? ''));
  await until('it is ready', async () => (await ask('/readyz')).ok);
  server.kill('SIGTERM');
  await server.ended;
});
