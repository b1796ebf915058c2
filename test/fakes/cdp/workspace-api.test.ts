import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServices, type Services } from './services.ts';
import { createWorkspaceApi, running, type WorkspaceApi } from './workspace-api.ts';

let services: Services;
let api: WorkspaceApi;

beforeEach(async () => {
  services = await createServices();
  const workloads = [
    ...['a', 'b', 'c'].map((name) => running('application', 'p1', name, { isDeaf: name === 'c' })),
    running('job run', 'p2', 'nightly'),
    running('model deployment', 'p3', 'churn'),
  ];
  api = await createWorkspaceApi({ services, workloads, stopMs: 5 });
});

afterEach(async () => {
  await api.close();
  await services.down();
});

async function say(method: string, path: string, key = api.key) {
  const response = await fetch(`${api.url}${path}`, { method, headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('lists in pages', async () => {
  const first = await say('GET', '/projects/p1/applications?page_size=2');
  expect(first.body).toMatchObject({ applications: [{ id: 'a', status: 'APPLICATION_RUNNING' }, {}] });
  const second = await say('GET', `/projects/p1/applications?page_token=${first.body.next_page_token}`);
  expect(second.body).toMatchObject({ applications: [{ id: 'c' }], next_page_token: '' });
  expect((await say('GET', '/projects')).body.projects).toHaveLength(2);
});

test('stops what minds it', async () => {
  await say('POST', '/projects/p1/applications/a:stop');
  await say('POST', '/projects/p1/applications/c:stop');
  await say('POST', '/projects/p2/jobs/nightly/runs/nightly:stop');
  await say('POST', '/projects/p3/models/churn/builds/churn/deployments/churn:stop');
  await expect
    .poll(() => api.workloads.map(({ status }) => status))
    .toEqual(['APPLICATION_STOPPED', 'APPLICATION_RUNNING', 'APPLICATION_STOPPING', 'ENGINE_STOPPED', 'stopped']);
  const runs = await say('GET', '/projects/p2/jobs/nightly/runs');
  expect(runs.body.job_runs).toEqual([{ id: 'nightly', name: 'nightly', status: 'ENGINE_STOPPED' }]);
});

test('refuses a wrong key, what it does not have, and everything while services are down', async () => {
  expect(await say('GET', '/projects', 'wrong')).toMatchObject({ status: 401, body: { code: 16 } });
  expect(await say('GET', '/sessions')).toMatchObject({ status: 404, body: { code: 5 } });
  expect((await say('GET', '/workloads/executions')).body.message).toMatch('observability');
  await services.down();
  await expect(say('GET', '/projects')).rejects.toThrow();
});
