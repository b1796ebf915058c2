import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { asBob, type Bench, makeBench, type SaidJson, type SayOptions } from './bench.ts';

vi.setConfig({ testTimeout: 120_000 });

let bench: Bench;

beforeAll(async () => {
  bench = await makeBench();
  await bench.serve();
});

afterAll(() => bench?.dispose());

/** One sentence, one hint, the code and the exit code, the same on both ways out. */
async function refused(words: readonly string[], options?: SayOptions): Promise<SaidJson['answer']> {
  const said = await bench.sayJson(words, options);
  const { error } = said.answer;
  expect(said.exitCode).toBe(error.exitCode);
  expect(error.message).toMatch(/^\S.*[.]$/);
  expect(error.hint).toMatch(/\S/);
  expect(said.stderr).toBe(`✗ ${error.message}\n  ${error.hint}\n`);
  return { code: error.code, exitCode: error.exitCode, says: `${error.message} ${error.hint}` };
}

describe('a line that cannot be understood', () => {
  test.each([
    [['bakcup', 'team-ml'], /"bakcup".*backup/],
    [['backup'], /workspace/],
    [['backup', 'team-ml', 'team-x'], /team-x/],
    [['backup', 'team-ml', '--notise', '1m'], /--notise.*--notice/],
    [['backup', 'team-ml', '--notice', 'soon'], /soon/],
    [['backup', 'team-ml', '--capture', 'snapshoot'], /snapshoot.*snapshot/],
    [['backup', 'Team ML'], /Team ML/],
    [['list', '--limit', 'many'], /many/],
    [['restore'], /backup/],
    [['help', 'restoer'], /restoer.*restore/],
  ])('%j', async (words, says) => {
    expect(await refused(words)).toMatchObject({ exitCode: 2, says: expect.stringMatching(says) });
  });
});

describe('a name that is not known', () => {
  test.each([
    [['backup', 'team-mk'], 'unknown-workspace', /"team-mk".*"team-ml"/],
    [['check', 'team-mk'], 'unknown-workspace', /"team-mk".*"team-ml"/],
    [['status', 'team-mk'], 'unknown-workspace', /"team-mk".*"team-ml"/],
    [['restore', 'bkp_0000000000'], 'unknown-backup', /bkp_0000000000.*cml list/],
    [['restore', 'team-ml'], 'unknown-backup', /no completed backup.*cml backup team-ml/],
    [['approve', 'req_0000000000'], 'unknown-request', /req_0000000000.*cml status/],
    [['cancel', 'op_0000000000'], 'unknown-operation', /op_0000000000.*cml status/],
  ])('%j', async (words, code, says) => {
    expect(await refused(words)).toEqual({ code, exitCode: 4, says: expect.stringMatching(says) });
  });

  test('a person is told apart from a stranger and from one with a wrong token', async () => {
    expect(await refused(['list', '--as', 'bop'])).toMatchObject({
      exitCode: 3,
      says: expect.stringContaining('"bob"'),
    });
    const guessed = { environment: { CML_TOKEN: 'guessed' } };
    expect(await refused(['list', ...asBob.words], guessed)).toMatchObject({ code: 'not-allowed', exitCode: 3 });
    expect((await bench.sayJson(['list', ...asBob.words], asBob)).exitCode).toBe(0);
  });
});

describe('a configuration that is not in order', () => {
  const broken = `data: ./cml-data
people:
  alice: { uid: 0 }
  bob: { tokn: 'sha256:00' }
workspces: {}
workspaces:
  team-ml:
    platform:
      kind: local
      services:
        - { name: web, command: [web], folder: ., ready: { htpp: 'http://127.0.0.1/' } }
      volumes:
        - { name: db, path: ./db, capture: two-passes }
        - { name: inner, path: ./db/inner }
    repository: { kind: restic, location: ./db/repository, passwordFile: ./password }
    policy: { notice: soon, approvers: [bobb] }
`;

  test('every problem is said in one go, each with its line', async () => {
    await mkdir(bench.at('elsewhere'));
    await writeFile(bench.at('elsewhere/cml.yaml'), broken);
    const { exitCode, stderr, answer } = await bench.sayJson(['config', '--config', 'elsewhere/cml.yaml']);
    expect([exitCode, answer.error.code]).toEqual([2, 'config-invalid']);
    const said = stderr.split('\n').filter((line) => line.startsWith('✗'));
    expect(said).toEqual([
      expect.stringMatching(/cml\.yaml:4: .*tokn.*"token"/),
      expect.stringMatching(/cml\.yaml:4: people\.bob: needs a uid, a token or a Slack account/),
      expect.stringMatching(/cml\.yaml:5: workspces.*"workspaces"/),
      expect.stringMatching(/cml\.yaml:11: .*ready: write one of http/),
      expect.stringMatching(/cml\.yaml:13: .*capture: .*"two-pass"/),
      expect.stringMatching(/cml\.yaml:14: .*"inner".*overlap/),
      expect.stringMatching(/cml\.yaml:15: .*repository.*overlap/),
      expect.stringMatching(/cml\.yaml:16: .*"soon" is not a length of time/),
      expect.stringMatching(/cml\.yaml:16: .*"bobb".*"bob"/),
    ]);
    expect(stderr).toContain(`The file is ${bench.at('elsewhere/cml.yaml')}.`);
  });

  test('a missing one is said with the places that were looked at', async () => {
    const says = expect.stringMatching(/nowhere\.yaml.*cml init/);
    for (const words of [['config'], ['list'], ['serve']]) {
      expect(await refused([...words, '--config', 'nowhere.yaml'])).toEqual({
        code: 'config-missing',
        exitCode: 2,
        says,
      });
    }
  });

  test('an unreadable YAML is said with its line', async () => {
    await writeFile(bench.at('elsewhere/cml.yaml'), 'data: ./cml-data\nworkspaces: [\n  a: b\n');
    const { exitCode, stderr } = await bench.say(['config', '--config', 'elsewhere/cml.yaml']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/✗ cml\.yaml:[2-4]: not YAML/);
  });
});

describe('init', () => {
  test('refuses a folder that is not there, one that holds itself, and to overwrite', async () => {
    expect(await refused(['init', './nowhere', '--config', 'new.yaml'])).toMatchObject({ exitCode: 2 });
    expect(await refused(['init', '.', '--config', 'new.yaml', '--workspace', 'all'])).toMatchObject({ exitCode: 2 });
    const before = await readFile(bench.at('cml.yaml'), 'utf8');
    expect(await refused(['init', './team-ml'])).toMatchObject({
      exitCode: 2,
      says: expect.stringContaining('cml.yaml'),
    });
    expect(await readFile(bench.at('cml.yaml'), 'utf8')).toBe(before);
  });
});

describe('a repository that cannot be used', () => {
  async function backupFails(code: string, says: RegExp): Promise<void> {
    await bench.say(['start', 'team-ml']);
    const web = bench.pidsOf('web');
    const { exitCode, answer, stderr } = await bench.sayJson(['backup', 'team-ml']);
    expect(exitCode).toBe(1);
    expect(answer.operation).toMatchObject({ status: 'failed', error: { code, message: expect.stringMatching(says) } });
    expect(answer.operation.error.hint).toMatch(/\S/);
    expect(stderr).toMatch(says);
    expect(bench.pidsOf('web')).toEqual(web);
    const check = await bench.sayJson(['check', 'team-ml']);
    expect(check.answer.ready).toBe(false);
    expect(await bench.operations('open')).toEqual([]);
    expect((await bench.sayJson(['list'])).answer.backups).toEqual([]);
  }

  test('a wrong password', async () => {
    await writeFile(bench.at('wrong'), 'guessed\n');
    await bench.configure({ repository: { passwordFile: './wrong' } });
    await backupFails('repository-password', /password does not open the repository/);
  });

  test('a repository that is gone', async () => {
    await bench.configure({ repository: { location: './nowhere' } });
    await backupFails('repository-missing', /There is no repository .*nowhere/);
  });

  test('a volume that is gone', async () => {
    await bench.configure({ volumes: [{ name: 'db', path: './not-mounted' }] });
    await backupFails('preflight-failed', /not there: .*not-mounted/);
    await rm(bench.at('wrong'));
    await bench.configure();
    expect((await bench.sayJson(['check', 'team-ml'])).answer.ready).toBe(true);
  });
});
