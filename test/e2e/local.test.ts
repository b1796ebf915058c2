import { chmod, chown, link, lutimes, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseDocument } from 'yaml';
import { commands } from '../../commands/commands.ts';
import { deployerCommands } from '../../commands/deployer.ts';
import { compare, type Tree, walk } from '../walker.ts';
import { freePort } from '../workspace/local/bench.ts';
import { type Bench, isRoot, makeBench, runRestic } from './bench.ts';
import { RECORDER } from './service.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 120_000 });

/** The whole main job by the real command line, one sitting: every test goes on where the one before ended. */
let bench: Bench;
let url: string;
let token: string;
let backup: { id: string; takenAt: string };
let operationId: string;
let before: Record<'db' | 'projects' | 'datasets', Tree>;

beforeAll(async () => {
  bench = await makeBench({ hasRepository: false });
  await rm(bench.at('cml.yaml'));
  await rm(bench.at('cml-data'), { recursive: true });
  await makeFiles();
});

afterAll(() => bench?.dispose());

const post = (record: string) => fetch(url, { method: 'POST', body: record });
const pictures = async () => ({
  db: await walk(bench.at('team-ml/db')),
  projects: await walk(bench.at('team-ml/projects')),
  datasets: await walk(bench.at('datasets')),
});

async function makeFiles(): Promise<void> {
  const { at } = bench;
  for (const folder of ['src', 'empty', 'odd – größe'])
    await mkdir(at('team-ml/projects', folder), { recursive: true });
  await mkdir(at('datasets'));
  for (let number = 0; number < 60; number++) {
    await writeFile(at('team-ml/projects/src', `file-${number}.py`), `print(${number})\n`.repeat(number * 7));
    await writeFile(at('datasets', `day-${number}.csv`), `${number},`.repeat(number * 50));
  }
  await writeFile(at('team-ml/projects/odd – größe', 'a "quoted" $name;\n'), 'odd');
  await link(at('team-ml/projects/src/file-1.py'), at('team-ml/projects/linked.py'));
  await symlink('src/file-2.py', at('team-ml/projects/latest.py'));
  await symlink('nowhere', at('team-ml/projects/broken'));
  await chmod(at('team-ml/projects/src/file-3.py'), 0o4750);
  await chmod(at('team-ml/projects/src'), 0o2770);
  if (isRoot) await chown(at('team-ml/projects/src/file-4.py'), 12_345, 54_321);
  await lutimes(at('team-ml/projects/broken'), 1_600_000_000, 1_600_000_000.25);
  await utimes(at('team-ml/projects/src/file-5.py'), 1_500_000_000, 1_500_000_000.123);
  await utimes(at('team-ml/projects/empty'), 1_400_000_000, 1_400_000_000);
  await writeFile(at('.env'), 'GREETING=hello\n', { mode: 0o640 });
}

test('init writes a configuration that is in order, a repository and a recovery sheet', async () => {
  const words = ['init', './team-ml', '--approver', 'bob', '--repository', './repository'];
  const { exitCode, answer } = await bench.sayJson(words);
  expect(exitCode).toBe(0);
  expect(answer).toMatchObject({ workspace: 'team-ml', approver: 'bob', config: bench.at('cml.yaml') });
  token = answer.approverToken;
  expect(await readFile(answer.recoverySheet, 'utf8')).toContain(bench.at('repository'));
  expect((await bench.sayJson(['config'])).exitCode).toBe(0);
  const again = await bench.sayJson(['init', './team-ml']);
  expect(again).toMatchObject({ exitCode: 2, answer: { error: { code: 'bad-input', exitCode: 2 } } });
});

test('start brings up the services that were written into the configuration', async () => {
  url = `http://127.0.0.1:${await freePort()}/`;
  const document = parseDocument(await readFile(bench.at('cml.yaml'), 'utf8'));
  const environment = { PORT: new URL(url).port, RECORDS: bench.at('team-ml/db/records'), NOTES: bench.at('notes') };
  const recorder = { name: 'recorder', command: [process.execPath, '-e', RECORDER], folder: './team-ml', environment };
  document.setIn(
    ['workspaces', 'team-ml', 'platform'],
    document.createNode({
      kind: 'local',
      release: '1.4',
      services: [
        { ...recorder, ready: { http: url } },
        { name: 'worker', command: ['sleep', '86400'], folder: '.' },
      ],
      volumes: [{ name: 'db', path: './team-ml/db' }],
      sharedFolders: [
        { name: 'projects', path: './team-ml/projects' },
        { name: 'datasets', path: './datasets', location: 'external' },
        { name: 'scratch', path: './scratch', leaveOut: 'rebuilt nightly' },
      ],
      definition: { files: ['./.env'] },
    }),
  );
  document.setIn(['workspaces', 'team-ml', 'policy', 'notice'], '1s');
  await writeFile(bench.at('cml.yaml'), String(document));
  const { exitCode, answer } = await bench.sayJson(['start', 'team-ml']);
  expect({ exitCode, services: answer.services }).toEqual({ exitCode: 0, services: ['worker', 'recorder'] });
  expect((await fetch(url)).ok).toBe(true);
});

test('check finds the workspace ready and says what is not in the backup', async () => {
  const { exitCode, answer } = await bench.sayJson(['check', 'team-ml']);
  expect(exitCode).toBe(0);
  expect(answer.ready).toBe(true);
  expect(answer.findings).toContainEqual(
    expect.objectContaining({ about: 'scratch', says: expect.stringContaining('rebuilt nightly') }),
  );
});

test('backup stops services only for the cut', async () => {
  await post('acknowledged before the backup');
  before = await pictures();
  const started = bench.sayJson(['backup', 'team-ml', '--notice', '1s', '--name', 'first', '--reason', 'the story']);
  const { exitCode, answer } = await started;
  expect(exitCode).toBe(0);
  expect(answer.backup).toMatchObject({ status: 'completed', name: 'first', leftOut: [{ name: 'scratch' }] });
  backup = answer.backup;
  operationId = answer.operation.id;

  const [ended] = await bench.operations('ended');
  const at = (type: string, step: string) =>
    ended?.journal.find((event) => event.type === type && 'step' in event && event.step === step)?.at ?? '';
  const notes = (await readFile(bench.at('notes'), 'utf8')).trim().split('\n');
  expect(notes.map((note) => note.split(' ')[0])).toEqual(['up', 'down', 'up']);
  const [down = '', up = ''] = notes.slice(1).map((note) => note.split(' ')[1] ?? '');
  const moments = [at('step-done', 'countdown'), down, up, at('step-began', 'count')];
  expect(moments).toEqual(moments.toSorted());
  expect(Date.parse(up) - Date.parse(down)).toBeLessThanOrEqual(answer.backup.downtimeMs);
  expect(answer.operation.downtimeMs).toBe(answer.backup.downtimeMs);
  const announced = ended?.journal.find((event) => event.type === 'announced');
  expect(announced && announced.stopsAt <= at('step-done', 'countdown')).toBe(true);
});

test('list and status show the backup, and the repository shows it to plain restic', async () => {
  const list = await bench.sayJson(['list', 'team-ml']);
  expect(list).toMatchObject({ exitCode: 0, answer: { backups: [{ id: backup.id, status: 'completed' }] } });
  expect((await bench.say(['list'])).stdout).toMatch(new RegExp(`${backup.id} +first +team-ml`));
  const status = await bench.sayJson(['status']);
  const [state] = status.answer.workspaces;
  expect(state.services).toEqual([
    { name: 'recorder', running: true, ready: true },
    { name: 'worker', running: true, ready: true },
  ]);
  expect(state.lastBackup.id).toBe(backup.id);
  expect((await bench.sayJson(['status', operationId])).answer.operation.status).toBe('succeeded');
  expect((await bench.sayJson(['status', backup.id])).answer.backup.name).toBe('first');
});

async function damage(): Promise<void> {
  const { at } = bench;
  await rm(at('team-ml/projects/empty'), { recursive: true });
  await rm(at('team-ml/projects/src/file-10.py'));
  await rm(at('team-ml/projects/linked.py'));
  await writeFile(at('team-ml/projects/linked.py'), await readFile(at('team-ml/projects/src/file-1.py')));
  await rm(at('team-ml/projects/latest.py'));
  await symlink('/etc/hostname', at('team-ml/projects/latest.py'));
  await chmod(at('team-ml/projects/src/file-3.py'), 0o777);
  await chmod(at('team-ml/projects'), 0o700);
  await utimes(at('team-ml/projects/src/file-5.py'), 1, 1);
  if (isRoot) await chown(at('team-ml/projects/src/file-4.py'), 0, 0);
  await writeFile(at('team-ml/projects/new file'), 'was not there');
  await rm(at('datasets/day-7.csv'));
  await writeFile(at('.env'), 'GREETING=broken\n');
  await post('written after the backup');
}

test('restore asks, the one who asked may not approve, another brings everything back', async () => {
  await damage();
  const dryRun = await bench.sayJson(['restore', 'first', '--dry-run']);
  expect(dryRun.answer.plan).toMatchObject({ backupId: backup.id, releaseThen: '1.4', releaseNow: '1.4' });
  expect(dryRun.answer.plan.writtenSince).toBeGreaterThan(0);
  const unconfirmed = await bench.sayJson(['restore', 'first']);
  expect(unconfirmed).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-confirmed' } } });

  const waiting = bench.begin(['restore', 'first', '--confirm', 'team-ml', '--reason', 'broken', '--wait', '--json']);
  const request = await requestOf();
  const own = await bench.sayJson(['approve', request]);
  expect(own).toMatchObject({ exitCode: 3, answer: { error: { code: 'own-approval' } } });
  expect(own.stderr).toContain('bob');
  const wrong = await bench.sayJson(['approve', request, '--as', 'bob'], { environment: { CML_TOKEN: 'guessed' } });
  expect(wrong).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-allowed' } } });
  const tokenless = await bench.sayJson(['approve', request, '--as', 'bob']);
  expect(tokenless.exitCode).toBe(3);

  const approved = await bench.sayJson(['approve', request, '--as', 'bob', '--wait'], {
    environment: { CML_TOKEN: token },
  });
  expect(approved).toMatchObject({ exitCode: 0, answer: { restore: { status: 'succeeded', backupId: backup.id } } });
  const waited = await waiting.ended;
  expect(waited.exitCode).toBe(0);
  expect(JSON.parse(waited.stdout).restore.requestId).toBe(request);

  const after = await pictures();
  for (const part of ['db', 'projects', 'datasets'] as const) expect(compare(before[part], after[part])).toEqual([]);
  expect(await readFile(bench.at('.env'), 'utf8')).toBe('GREETING=hello\n');
  expect((await fetch(url)).ok).toBe(true);
  expect((await bench.sayJson(['status', request])).answer.request.status).toBe('used');
  const twice = await bench.sayJson(['approve', request, '--as', 'bob'], { environment: { CML_TOKEN: token } });
  expect(twice).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-pending' } } });
});

async function requestOf(): Promise<string> {
  for (;;) {
    const [request] = (await bench.sayJson(['status', 'team-ml'])).answer.workspaces[0].requests;
    if (request) return request.id;
    await pause(50);
  }
}

test('another request is denied with a reason, and a third is taken back', async () => {
  const asking = () => bench.sayJson(['restore', backup.id, '--confirm', 'team-ml']);
  const asBob = { environment: { CML_TOKEN: token } };
  const [first, second] = [(await asking()).answer.request.id, (await asking()).answer.request.id];
  const silent = await bench.sayJson(['deny', first, '--as', 'bob'], asBob);
  expect(silent).toMatchObject({ exitCode: 2, answer: { error: { code: 'bad-input' } } });
  const denied = await bench.sayJson(['deny', first, '--as', 'bob', '--reason', 'not today'], asBob);
  expect(denied).toMatchObject({ exitCode: 0, answer: { request: { status: 'denied' } } });
  const foreign = await bench.sayJson(['cancel', second, '--as', 'bob'], asBob);
  expect(foreign.exitCode).toBe(3);
  const taken = await bench.sayJson(['cancel', second]);
  expect(taken).toMatchObject({ exitCode: 0, answer: { request: { id: second, status: 'withdrawn' } } });
});

test('everything that was asked and decided stands in the audit log', async () => {
  const lines = (await readFile(bench.at('cml-data/audit.jsonl'), 'utf8')).trim().split('\n');
  const did = lines.map((line) => JSON.parse(line)).map((entry) => `${entry.by.name} ${entry.did}`);
  const me = did[0]?.split(' ')[0];
  for (const said of [
    `${me} started services`,
    `${me} backup asked`,
    `${me} restore asked`,
    'bob approved',
    'bob denied',
  ]) {
    expect(did).toContain(said);
  }
  expect(await readFile(bench.at('cml-data/messages.log'), 'utf8')).toContain('services stop in 1s');
});

test('every word prints exactly one JSON document on standard output, also where it is refused', async () => {
  const inputs: Record<string, string[]> = {
    help: ['backup'],
    init: ['./team-ml'],
    serve: [],
    backup: ['team-ml', '--dry-run'],
    restore: ['first', '--dry-run'],
    approve: ['req_0000000000'],
    deny: ['req_0000000000'],
    cancel: ['team-ml'],
    postpone: ['team-ml'],
    check: ['team-ml'],
    start: ['team-ml'],
    files: ['bkp_0000000000'],
    verify: ['bkp_0000000000'],
    pin: ['bkp_0000000000'],
    unpin: ['bkp_0000000000'],
    delete: ['first', '--dry-run'],
    undo: ['op_0000000000', '--dry-run'],
  };
  const codes: Record<string, number | null> = {};
  for (const { word } of [...deployerCommands, ...commands]) {
    codes[word] = (await bench.sayJson([word, ...(inputs[word] ?? [])])).exitCode;
  }
  expect(codes).toEqual({
    ...{ help: 0, init: 2, config: 0, serve: 3, backup: 0, restore: 0, approve: 4, deny: 4, list: 0, status: 0 },
    ...{
      check: 0,
      cancel: 1,
      postpone: 1,
      start: 0,
      files: 4,
      verify: 4,
      pin: 4,
      unpin: 4,
      delete: 0,
      token: 2,
      version: 0,
    },
    undo: 4,
    schedule: 0,
    slack: 2,
  });
  expect(await runRestic(bench, ['list', 'locks', '--no-lock'], 'cml-data/secrets/team-ml.password')).toBe('');
});
