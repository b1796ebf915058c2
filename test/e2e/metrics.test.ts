import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../workspace/local/bench.ts';
import { type Bench, makeBench } from './bench.ts';
import { until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

let bench: Bench;
let port: number;

beforeAll(async () => {
  port = await freePort();
  bench = await makeBench({
    more: { metrics: { port } },
    workspace: { rpo: '36h', schedules: { nightly: { does: 'backup', when: 'nightly at 02:00', zone: 'UTC' } } },
  });
  await bench.serve();
  await until('the server is ready', async () => (await get('/readyz')).ok);
});

afterAll(() => bench?.dispose());

const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
const scrape = async () => (await get('/metrics')).text();

/** Names that a rule or a panel reads, without those of Prometheus itself. */
async function namesIn(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  return [...new Set(text.match(/\bcml_[a-z0-9_]*[a-z]\b/g))];
}

test('tells Prometheus of a real backup, and a cluster that it lives', async () => {
  await bench.say(['start', 'team-ml']);
  expect((await bench.say(['backup', 'team-ml'])).exitCode).toBe(0);
  await until('the backup is told', async () =>
    (await scrape()).includes('cml_backup_last_status{workspace="team-ml"} 1'),
  );
  const told = await scrape();
  expect(told).toContain('cml_backup_success_total{workspace="team-ml"} 1');
  expect(told).toContain('cml_downtime_seconds_count{workspace="team-ml"} 1');
  expect(told).toContain('cml_services_down{workspace="team-ml"} 0');
  expect(told).toContain('cml_overdue{workspace="team-ml"} 0');
  expect(told).toContain('cml_ready 1');
  expect((await get('/metrics')).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await (await get('/healthz')).text()).toBe('alive\n');
  expect(await (await get('/readyz')).json()).toMatchObject({ isReady: true, stage: 'serves' });
});

test.each(['deploy/monitoring/alerts.yaml', 'deploy/monitoring/grafana-dashboard.json'])(
  '%s names only what a real server tells',
  async (file) => {
    const names = await namesIn(file);
    expect(names.length).toBeGreaterThan(10);
    await until('schedules were looked at', async () => (await scrape()).includes('cml_schedule_paused{'));
    const told = await scrape();
    expect(names.filter((name) => !new RegExp(`^${name}[ {]`, 'm').test(told))).toEqual([]);
  },
);

test('docs/metrics.md names everything that is told, and nothing else', async () => {
  const told = (await scrape()).match(/(?<=^# TYPE )cml_\w+/gm) ?? [];
  const ours = told.filter((name) => !/^cml_(process|nodejs)_/.test(name));
  expect((await namesIn('docs/metrics.md')).sort()).toEqual(ours.sort());
});
