import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OPERATION } from '../local/bench.ts';
import { makeCdpBench } from './bench.ts';
import { serveWorkspaceApi } from './workspace-api.ts';

const session = {
  workload_type: 'Session',
  name: 'notebook',
  creator: 'ana',
  project_name: 'churn',
  status: 'running',
};
const run = { workload_type: 'job', name: 'run-7', creator: 'ben', project_name: 'fraud', status: 'ENGINE_RUNNING' };
const application = { ...run, workload_type: 'application', name: 'dashboard', status: 'APPLICATION_RUNNING' };
const over = { ...run, name: 'run-6', status: 'ENGINE_SUCCEEDED' };

async function makeWorld(running: readonly (typeof session)[], platform: object = {}, key = 'right') {
  const list = running.map((one) => ({ ...one }));
  const api = await serveWorkspaceApi('right', list);
  const folder = await mkdtemp(join(tmpdir(), 'cml-key-'));
  await writeFile(join(folder, 'key'), `${key}\n`);
  const bench = await makeCdpBench({
    platform: { workloads: { keyFile: join(folder, 'key'), url: api.url, ...platform } },
  });
  onTestFinished(async () => {
    await bench.dispose();
    await api.close();
    await rm(folder, { recursive: true });
  });
  const stop = async (workloads?: { waitForMs: number; otherwise: 'stop' | 'put-off' }) => {
    const note = await bench.platform.noteRunning(OPERATION);
    return bench.platform.stop(note, workloads ? { workloads } : {});
  };
  return { ...bench, api, list, stop };
}

describe('what people run in a workspace of a control plane', () => {
  it('is told with its owners, as the workspace itself says, page by page', async () => {
    const { platform } = await makeWorld([session, run, application, over]);
    expect((await platform.inspect()).workloads).toMatchObject([
      { kind: 'session', owner: 'ana' },
      { kind: 'job', owner: 'ben' },
      { kind: 'application', owner: 'ben' },
    ]);
  });

  it('keeps no backup from beginning unless the configuration says so', async () => {
    const { stop, api } = await makeWorld([session, run]);
    await expect(stop()).resolves.toMatchObject({ operationId: OPERATION });
    expect(api.asked.filter((one) => one.startsWith('POST'))).toEqual([]);
  });

  it('is a reason to refuse, named with its owners; applications and models are none', async () => {
    const { stop } = await makeWorld([session, application], { atStop: 'refuse' });
    const message = "People's workloads run in ml-prod: a session of ana (notebook).";
    await expect(stop()).rejects.toMatchObject({ code: 'plan-changed', message });
    const others = await makeWorld([application], { atStop: 'refuse' });
    await others.stop();
  });

  it('is waited for until it has ended', async () => {
    const { stop, list } = await makeWorld([session], { atStop: 'wait', waitFor: '20s' });
    const stopping = stop();
    list.splice(0);
    await expect(stopping).resolves.toMatchObject({ operationId: OPERATION });
  });

  it('puts a backup off that was told to wait only so long', async () => {
    const { stop } = await makeWorld([session]);
    await expect(stop({ waitForMs: 50, otherwise: 'put-off' })).rejects.toMatchObject({ code: 'put-off' });
  });

  it('has runs of jobs stopped and nothing else when that is asked for', async () => {
    const { stop, api, list } = await makeWorld([session, run, application], { atStop: 'stop' });
    await stop();
    expect(api.asked.filter((one) => one.startsWith('POST'))).toEqual([
      'POST /projects/id-fraud/jobs/job-1/runs/run-7:stop',
    ]);
    expect(list.map(({ status }) => status)).toEqual(['running', 'ENGINE_STOPPED', 'APPLICATION_RUNNING']);
  });

  it('is unknown with a wrong key, which is said and keeps nobody from a look', async () => {
    const { platform, stop } = await makeWorld([session], { atStop: 'refuse' }, 'wrong');
    const { workloads, warnings } = await platform.inspect();
    expect(workloads).toBeUndefined();
    expect(warnings.join(' ')).toContain('answers 401 about its workloads');
    await expect(stop()).rejects.toMatchObject({ code: 'platform-unavailable' });
  });
});
