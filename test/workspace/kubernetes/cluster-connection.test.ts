import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { createCluster } from '../../../src/workspace/kubernetes/cluster-client.ts';

/** A certificate for 127.0.0.1, of nobody's authority but its own, for a hundred years: `openssl req -x509 -nodes`. */
const certificates = join(import.meta.dirname, 'certificates');

let folder: string;
let server: Server;
let ca: string;
const seen: { authorization: string | undefined; port: number | undefined; url: string | undefined }[] = [];

beforeEach(async () => {
  seen.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'cml-connection-'));
  const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(certificates, name))));
  ca = cert?.toString('base64') ?? '';
  server = createServer({ key, cert }, (message, response) => {
    const { url, headers, socket } = message;
    seen.push({ authorization: headers.authorization, port: socket.remotePort, url });
    response.end('{"major":"1"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function connect(cluster: object, user: object = { token: 'a-token' }, context?: string) {
  const kubeconfig = join(folder, 'kubeconfig');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/below`;
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'main' },
    clusters: [{ name: 'c', cluster: { server: url, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return createCluster({ kubeconfig, context, timing: { patienceMs: 200 } });
}

it('trusts the authority of the kubeconfig, logs in and uses a connection again', async () => {
  const cluster = await connect({ 'certificate-authority-data': ca });
  await cluster.get('/version');
  expect(await cluster.get('/version')).toEqual({ major: '1' });
  expect(seen.map(({ url, authorization }) => [url, authorization])).toEqual([
    ['/below/version', 'Bearer a-token'],
    ['/below/version', 'Bearer a-token'],
  ]);
  expect(new Set(seen.map(({ port }) => port)).size).toBe(1);
});

it('does not talk to a server whose certificate it cannot verify, and does not try again', async () => {
  const cluster = await connect({});
  await expect(cluster.get('/version')).rejects.toMatchObject({
    code: 'platform-unavailable',
    retryable: false,
    hint: expect.stringContaining('certificates'),
  });
  expect(cluster.requests()).toEqual({ 'get other': 1 });
  expect(seen).toEqual([]);
});

it('talks to it when the kubeconfig says so', async () => {
  const cluster = await connect({ 'insecure-skip-tls-verify': true });
  expect(await cluster.get('/version')).toEqual({ major: '1' });
});

it('says when a login cannot be made', async () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/nowhere/login', interactiveMode: 'Never' };
  const cluster = await connect({ 'certificate-authority-data': ca }, { exec });
  await expect(cluster.get('/version')).rejects.toMatchObject({
    code: 'platform-unavailable',
    retryable: false,
    message: 'The login to the cluster could not be made.',
  });
});

it('says which contexts there are when it does not know the one it is given', async () => {
  await expect(connect({}, {}, 'other')).rejects.toMatchObject({
    code: 'platform-unavailable',
    message: `The kubeconfig ${join(folder, 'kubeconfig')} has no usable context other.`,
    hint: 'it knows main',
  });
});

it('says whether a kubeconfig is not there, is none, or none is known at all', async () => {
  const none = join(folder, 'none');
  expect(() => createCluster({ kubeconfig: none })).toThrow(`The kubeconfig ${none} is not there.`);
  await writeFile(none, 'not: [yaml');
  expect(() => createCluster({ kubeconfig: none })).toThrow(`The kubeconfig ${none} cannot be read.`);
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('HOME', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(() => createCluster()).toThrow('There is no kubeconfig, and this is not a pod of a cluster.');
});

it('says why a server cannot be reached', async () => {
  const cluster = await connect({ server: 'https://127.0.0.1:1' });
  await expect(cluster.get('/version')).rejects.toMatchObject({
    message: 'The API server at https://127.0.0.1:1 cannot be reached (ECONNREFUSED).',
    retryable: true,
    hint: expect.stringContaining('kubectl version'),
  });
});
