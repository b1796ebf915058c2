import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { showConfig } from '../src/main-show-config.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-warnings-'));
  await mkdir(join(folder, 'volume'));
  await writeFile(join(folder, 'password'), 'secret', { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What `cml config` says of a workspace with one schedule. */
async function show(schedule: string) {
  const workspace = [
    '    platform: { kind: local, volumes: [{ name: volume, path: ./volume }] }',
    '    repository: { kind: restic, location: ./repository, passwordFile: ./password }',
    '    policy: { notice: 20m }',
    `    schedules: { nightly: ${schedule} }`,
  ];
  const lines = ['data: ./data', 'trustBarePeople: true', 'workspaces:', '  ml:', ...workspace];
  await writeFile(join(folder, 'cml.yaml'), `${lines.join('\n')}\n`);
  return showConfig({ cwd: folder, environment: {} });
}

test('a configuration in which all is meant is in order, and that is all', async () => {
  const answer = await show("{ does: backup, when: 'nightly at 02:00', zone: UTC, window: '22:00-05:00' }");
  expect(answer).toMatchObject({ tone: 'good', json: { warnings: [] } });
  expect(answer.fields?.map(([label]) => label)).not.toContain('Warning');
});

test('what is hardly meant is said with the setting and the next times, and counts the notice of the policy', async () => {
  const answer = await show("{ does: backup, when: 'nightly at 04:45', zone: UTC, window: '22:00-05:00' }");
  expect(answer.tone).toBe('warning');
  const [warning] = answer.fields ?? [];
  expect(warning?.[0]).toBe('Warning');
  expect(warning?.[1]).toMatch(
    /^workspaces\.ml\.schedules\.nightly\.when: is sometimes too late in its window.* 04:45 UTC/,
  );
  expect(answer.json).toHaveProperty('warnings', [warning?.[1]]);
});

test('what can never run is refused on its line', async () => {
  const refused = show("{ does: backup, when: '0 2 31 2 *', zone: UTC }");
  await expect(refused).rejects.toThrow(
    'cml.yaml:8: workspaces.ml.schedules.nightly.when: "0 2 31 2 *" can never run: there is no 31 February.',
  );
});
