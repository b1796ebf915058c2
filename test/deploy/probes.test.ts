import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetricsRoutes } from '../../src/metrics/server.ts';

test('the deployment asks for its life and readiness where the server answers', async () => {
  const { spec } = parse(await readFile('deploy/base/deployment.yaml', 'utf8'));
  const [{ env, ports, livenessProbe, readinessProbe }] = spec.template.spec.containers;
  const told = env.find(({ name }: { name: string }) => name === 'CML_METRICS').value;
  expect(told).toBe(`0.0.0.0:${ports.find(({ name }: { name: string }) => name === 'metrics').containerPort}`);
  const routes = createMetricsRoutes(
    { metrics: () => undefined, readiness: () => ({ isReady: false, stage: 'recovers', chat: 'away' }) },
    () => undefined,
  );
  const ask = async ({ httpGet: { path, port } }: { httpGet: { path: string; port: string } }) => {
    expect(port).toBe('metrics');
    return (await routes.request(path)).status;
  };
  // While it recovers it is not spoken to, and not ended either.
  expect(await ask(livenessProbe)).toBe(200);
  expect(await ask(readinessProbe)).toBe(503);
});
