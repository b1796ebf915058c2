import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigSource, readConfig } from '../../src/config.ts';
import { init } from '../../src/main-init.ts';
import { admit } from '../../src/main-people.ts';
import { makeToken } from '../../src/main-token.ts';
import { restic } from '../e2e/bench.ts';

let cwd: string;
let source: ConfigSource;
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'cml-init-')));
  source = { cwd, environment: { CML_RESTIC: restic } };
  for (const folder of ['one', 'two', 'three']) await mkdir(join(cwd, folder));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const text = () => readFile(join(cwd, 'cml.yaml'), 'utf8');
const refused = (says: RegExp) =>
  expect.objectContaining({ message: expect.stringMatching(says), hint: expect.stringMatching(/\S/) });

describe('init', () => {
  test('writes one more workspace into a configuration, which otherwise stays as it was', async () => {
    await init(source, { folder: './one', approver: 'bob' });
    const before = `${await text()}# the end, as somebody wrote it\n`;
    await writeFile(join(cwd, 'cml.yaml'), before);
    const { json } = await init(source, { folder: './two' });
    expect(json).not.toHaveProperty('approverToken');
    const lines = (await text()).split('\n');
    expect(before.split('\n').filter((line) => !lines.includes(line))).toEqual([]);
    expect((await text()).startsWith(before.replace('# the end, as somebody wrote it\n', ''))).toBe(true);
    const { workspaces } = await readConfig(source);
    expect(Object.keys(workspaces)).toEqual(['one', 'two']);
    expect(workspaces.two).toMatchObject({
      repository: { location: join(cwd, 'cml-repository-two') },
      policy: { approvers: ['bob'] },
    });
    expect((await stat(join(cwd, 'cml-repository-two', 'config'))).isFile()).toBe(true);
    expect((await stat(join(cwd, 'two-recovery-sheet.txt'))).mode & 0o777).toBe(0o600);
  });

  test('makes a token for an approver who is not known yet', async () => {
    await init(source, { folder: './one' });
    const { json } = await init(source, { folder: './two', approver: 'carol' });
    const { approverToken: token } = json as { approverToken: string };
    const config = await readConfig(source);
    expect(admit({ uid: 1, as: 'carol', token }, config)).toMatchObject({ name: 'carol', proof: 'token' });
    expect(config.workspaces.two?.policy.approvers).toEqual(['carol']);
    expect(await text()).not.toContain(token);
  });

  test('refuses a name that is taken and a folder that is protected already, and changes nothing', async () => {
    await init(source, { folder: './one' });
    const before = await text();
    await expect(init(source, { folder: './two', workspace: 'one' })).rejects.toEqual(refused(/"one" already/));
    await expect(init(source, { folder: './one', workspace: 'three' })).rejects.toEqual(refused(/overlap/));
    expect(await text()).toBe(before);
    await expect(stat(join(cwd, 'cml-repository-three'))).rejects.toThrow('ENOENT');
  });

  test('says what is wrong with a configuration that it would add to', async () => {
    await init(source, { folder: './one' });
    await writeFile(join(cwd, 'cml.yaml'), (await text()).replace('notice:', 'notise:'));
    await expect(init(source, { folder: './two' })).rejects.toEqual(refused(/cml\.yaml:\d+: .*notise.*"notice"/));
  });
});

describe('a token', () => {
  const CONFIG = (people: string) => `data: ./cml-data
people:
${people}
workspaces:
  one:
    platform: { kind: local, volumes: [{ name: files, path: ./one }] }
    repository: { kind: restic, location: ./repository, passwordFile: ./password }
`;
  const write = (people: string) => writeFile(join(cwd, 'cml.yaml'), CONFIG(people));

  test.each([
    '  carol: { uid: 1002 }',
    '  carol: {} # new here',
    '  carol:',
    `  carol:\n    token: sha256:${'0'.repeat(64)} # lost`,
  ])('is made, shown, and kept as a hash (%j)', async (people) => {
    await write(people);
    await chmod(join(cwd, 'cml.yaml'), 0o640);
    const answer = await makeToken(source, 'carol');
    const { token } = answer.json as { token: string };
    expect(answer.fields?.[0]?.[1]).toContain(token);
    expect(await text()).not.toContain(token);
    expect(admit({ uid: 1, as: 'carol', token }, await readConfig(source))).toMatchObject({ proof: 'token' });
    expect((await stat(join(cwd, 'cml.yaml'))).mode & 0o777).toBe(0o640);
    if (people.includes('#')) expect(await text()).toContain(people.slice(people.indexOf('#')));
  });

  test('is refused to who is not known, with the nearest name or what to write', async () => {
    await write('  carol: { uid: 1002 }');
    await expect(makeToken(source, 'caro')).rejects.toMatchObject({ hint: 'Did you mean "carol"?' });
    await expect(makeToken(source, 'dave')).rejects.toMatchObject({ hint: expect.stringContaining('dave: {}') });
    expect(await text()).toBe(CONFIG('  carol: { uid: 1002 }'));
  });
});
