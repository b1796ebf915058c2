import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBasics } from '../src/config-basics.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-basics-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('recovery knows the Slack accounts of people from a configuration that is broken elsewhere', async () => {
  const text = `data: ./data
people:
  bob: { slack: U0BOB, uid: nonsense }
  carol: { slack: someone }
  dave: 7
slack: { channel: C0ML }
workspaces: broken
`;
  await writeFile(join(folder, 'cml.yaml'), text);
  const basics = await readBasics({ cwd: folder, environment: {} });
  expect(basics).toMatchObject({ data: join(folder, 'data'), slack: { channel: 'C0ML' } });
  expect(basics.people).toEqual({ bob: { slack: 'U0BOB' }, carol: { slack: undefined }, dave: {} });
});

test('what the deployment says of its metrics counts more than the file, and one that cannot be meant is refused', async () => {
  await writeFile(join(folder, 'cml.yaml'), 'data: ./data\nmetrics: { port: 9000 }\n');
  const metricsWith = async (CML_METRICS?: string) =>
    (await readBasics({ cwd: folder, environment: { CML_METRICS } })).metrics;
  expect(await metricsWith()).toEqual({ host: '127.0.0.1', port: 9000 });
  expect(await metricsWith('0.0.0.0:9464')).toEqual({ host: '0.0.0.0', port: 9464 });
  expect(await metricsWith('[::]:9464')).toEqual({ host: '::', port: 9464 });
  for (const wrong of ['9464', '0.0.0.0:', '0.0.0.0:99999', ':9464']) {
    await expect(metricsWith(wrong)).rejects.toThrow(`CML_METRICS is ${wrong}.`);
  }
});
