import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { token as command } from '../../commands/token.ts';
import { type ConfigSource, readConfig } from '../../src/config.ts';
import { explainConfig } from '../../src/config-explain.ts';
import { admit, admitProgram, admitToken } from '../../src/main-people.ts';
import { listTokens, makeProgramToken, revokeToken } from '../../src/main-program-token.ts';
import { makeToken } from '../../src/main-token.ts';
import { restic } from '../e2e/bench.ts';

let cwd: string;
let source: ConfigSource;
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'cml-token-')));
  source = { cwd, environment: { CML_RESTIC: restic } };
  await mkdir(join(cwd, 'one'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const text = () => readFile(join(cwd, 'cml.yaml'), 'utf8');
const write = (people: string) =>
  writeFile(
    join(cwd, 'cml.yaml'),
    `data: ./cml-data
people:
${people}
# the workspaces
workspaces:
  one:
    platform: { kind: local, volumes: [{ name: files, path: ./one }] }
    repository: { kind: restic, location: ./repository, passwordFile: ./password }
`,
  );
const made = async (name: string, scopes: ('read' | 'write')[], expires?: number) => {
  const { json } = await makeProgramToken(source, 'carol', { name, scopes, expires });
  return (json as { token: string }).token;
};

test.each(['  carol: { uid: 1002 }', '  carol:\n    uid: 1002 # hers', '  carol: {}'])(
  'tokens of programs are made, listed and revoked, each alone (%j)',
  async (people) => {
    await write(people);
    const [reads, writes] = [await made('reads', ['read'], 60_000), await made('writes', ['read', 'write', 'read'])];
    const config = await readConfig(source);
    const person = { name: 'carol', proof: 'token' };
    expect(admitProgram(reads, config, new Date())).toEqual({ person, scopes: ['read'] });
    expect(admitProgram(reads, config, new Date(Date.now() + 61_000))).toBeUndefined();
    expect(admitProgram(writes, config, new Date(Date.now() + 1e12))).toEqual({ person, scopes: ['read', 'write'] });
    expect(admitToken(reads, config)).toBeUndefined();
    expect(() => admit({ uid: 1, as: 'carol', token: reads }, config)).toThrow();
    expect([(await text()).includes(reads), (await text()).includes('# the workspaces')]).toEqual([false, true]);

    const listed = await listTokens(source, 'carol');
    expect(listed.table?.rows.map(([owner, name, may]) => [owner, name, may])).toEqual([
      ['carol', 'reads', 'read'],
      ['carol', 'writes', 'read, write'],
    ]);
    expect(JSON.stringify([listed, explainConfig(config)])).not.toContain('sha256');

    await revokeToken(source, 'carol', 'reads');
    const after = await readConfig(source);
    expect([admitProgram(reads, after, new Date()), admitProgram(writes, after, new Date())?.scopes]).toEqual([
      undefined,
      ['read', 'write'],
    ]);
    if (people !== '  carol: {}') await revokeToken(source, 'carol', 'writes');
    if (people.includes('#')) expect(await text()).toContain('uid: 1002 # hers');
  },
);

test('a token of their own and those of programs stand beside each other', async () => {
  await write('  carol: { uid: 1002 }');
  const program = await made('reads', ['read']);
  const own = ((await makeToken(source, 'carol')).json as { token: string }).token;
  const config = await readConfig(source);
  expect([admitToken(own, config)?.name, admitProgram(own, config, new Date())]).toEqual(['carol', undefined]);
  expect(admitProgram(program, config, new Date())?.scopes).toEqual(['read']);
});

test('what cannot be is refused and changes nothing', async () => {
  await write('  carol: {}');
  await made('reads', ['read']);
  const before = await text();
  await expect(made('reads', ['write'])).rejects.toMatchObject({
    code: 'bad-input',
    hint: expect.stringMatching(/--revoke reads/),
  });
  await expect(revokeToken(source, 'carol', 'read')).rejects.toMatchObject({ hint: 'Did you mean "reads"?' });
  await expect(listTokens(source, 'caro')).rejects.toMatchObject({ hint: 'Did you mean "carol"?' });
  // Nobody could prove to be carol then.
  await expect(revokeToken(source, 'carol', 'reads')).rejects.toMatchObject({ code: 'config-invalid' });
  expect(await text()).toBe(before);
});

test('two people never share a token, whatever it is for', async () => {
  const hash = `sha256:${'0'.repeat(64)}`;
  await write(`  carol: { token: '${hash}' }\n  dave: { tokens: { ci: { hash: '${hash}', scopes: [read] } } }`);
  await expect(readConfig(source)).rejects.toThrow(
    /cml\.yaml:\d+: people\.dave\.tokens\.ci\.hash: the token is also carol's/,
  );
});

test('the word makes, lists or revokes, one at a time', async () => {
  const said: unknown[] = [];
  const note =
    (what: string) =>
    async (...given: unknown[]) => {
      said.push([what, ...given]);
      return { text: '', tone: 'info', json: null };
    };
  const context = {
    makeToken: note('own'),
    makeProgramToken: note('program'),
    listTokens: note('list'),
    revokeToken: note('revoke'),
  } as unknown as Parameters<typeof command.run>[0];
  const say = (given: object) => command.run(context, command.input.parse(given));
  await say({ person: 'carol' });
  await say({ person: 'carol', expires: '90d' });
  await say({ person: 'carol', scope: ['write', 'approve'], name: 'ci' });
  await say({ list: true });
  await say({ person: 'carol', revoke: 'ci' });
  expect(said).toEqual([
    ['own', 'carol'],
    ['program', 'carol', { scopes: ['read'], name: undefined, expires: 90 * 86_400_000 }],
    ['program', 'carol', { scopes: ['write', 'approve'], name: 'ci', expires: undefined }],
    ['list', undefined],
    ['revoke', 'carol', 'ci'],
  ]);
  await expect(say({ person: 'carol', list: true, revoke: 'ci' })).rejects.toMatchObject({ code: 'bad-input' });
  await expect(say({})).rejects.toMatchObject({ code: 'bad-input' });
});
