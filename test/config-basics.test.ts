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
