import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { compare, type Tree, walk } from '../walker.ts';
import { asBob, type Bench, isRoot, makeBench, type SaidJson } from './bench.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Everything a restore can be besides a whole one, by the real command line; each test goes on where the last ended. */
let bench: Bench;
let backup: string;
let restored: string;
let then: Tree;

beforeAll(async () => {
  bench = await makeBench();
  await mkdir(bench.at('team-ml/db/notes/deep'), { recursive: true });
  await writeFile(bench.at('team-ml/db/notes/deep/a [1]*.txt'), 'as it was\n', { mode: 0o640 });
  await writeFile(bench.at('team-ml/db/notes/other'), 'other\n');
  await bench.serve();
  await bench.say(['start', 'team-ml']);
  backup = (await bench.sayJson(['backup', 'team-ml', '--name', 'first'])).answer.backup.id;
  then = await walk(live());
});

afterAll(() => bench?.dispose());

const live = (...names: string[]) => bench.at('team-ml/db', ...names);

async function approve({ exitCode, answer, stderr }: SaidJson, ...more: string[]): Promise<SaidJson> {
  expect(exitCode, stderr).toBe(0);
  return bench.sayJson(['approve', answer.request.id, '--wait', ...more, ...asBob.words], asBob);
}

/** Nothing of ours stands beside the part but what these operations displaced. */
async function expectOnly(...displaced: string[]): Promise<void> {
  const names = (await readdir(bench.at('team-ml'))).filter((name) => name.startsWith('.cml-'));
  expect(names.map((name) => name.slice(5, 18)).toSorted()).toEqual(displaced.toSorted());
  expect(bench.pidsOf('web')).toHaveLength(1);
  expect(await bench.operations('open')).toEqual([]);
}

test('a whole restore is undone: everything is as it was before, and the undo can be undone', async () => {
  await writeFile(live('records'), 'one\ntwo\nlater\n');
  await rm(live('notes/other'));
  const before = await walk(live());
  const first = await approve(await bench.sayJson(['restore', 'first', '--confirm', 'team-ml']));
  restored = first.answer.operation.id;
  expect(await readFile(live('records'), 'utf8')).toBe('one\ntwo\n');
  expect((await bench.say(['status', restored])).exitCode).toBe(0);
  const unconfirmed = await bench.sayJson(['undo', restored]);
  expect(unconfirmed).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-confirmed' } } });
  const shown = await bench.say(['undo', restored, '--dry-run']);
  expect(shown.stdout).toContain(`Brings back db (${live()}) as it was before ${restored}`);
  const asked = await bench.sayJson(['undo', restored, '--confirm', 'team-ml', '--reason', 'wrong one']);
  expect(await bench.sayJson(['approve', asked.answer.request.id])).toMatchObject({ exitCode: 3 });
  const undone = await approve(asked);
  expect(undone).toMatchObject({ exitCode: 0, answer: { operation: { kind: 'undo', status: 'succeeded' } } });
  expect(compare(before, await walk(live()))).toEqual([]);
  await expectOnly(undone.answer.operation.id);

  const again = await bench.sayJson(['undo', restored, '--confirm', 'team-ml']);
  expect(again).toMatchObject({ exitCode: 4, answer: { error: { code: 'unknown-operation' } } });
  const back = await approve(await bench.sayJson(['undo', 'team-ml', '--confirm', 'team-ml']));
  expect(compare(then, await walk(live()))).toEqual([]);
  await expectOnly(back.answer.operation.id);
});

test('single paths come back, a file and a folder, and nothing else changes', async () => {
  await writeFile(live('records'), 'kept as it is\n');
  await writeFile(live('notes/deep/a [1]*.txt'), 'broken\n');
  await rm(live('notes/other'));
  const wish = ['restore', 'first', '--only', 'db/notes/deep/a [1]*.txt', '--only', live('notes/other')];
  const asked = await bench.sayJson([...wish, '--confirm', 'team-ml']);
  expect(asked.answer.request.plan.parts).toMatchObject([
    { within: 'notes/deep/a [1]*.txt', is: 'file', files: 1, bytes: 10 },
    { within: 'notes/other', is: 'file' },
  ]);
  const done = await approve(asked);
  expect(done).toMatchObject({ exitCode: 0, answer: { operation: { status: 'succeeded' } } });
  expect(await readFile(live('notes/deep/a [1]*.txt'), 'utf8')).toBe('as it was\n');
  expect((await stat(live('notes/deep/a [1]*.txt'))).mode & 0o777).toBe(0o640);
  expect(await readFile(live('notes/other'), 'utf8')).toBe('other\n');
  expect(await readFile(live('records'), 'utf8')).toBe('kept as it is\n');

  await writeFile(live('notes/added'), 'was not there then\n');
  const folder = await approve(await bench.sayJson(['restore', 'first', '--only', 'db/notes', '--confirm', 'team-ml']));
  expect(folder.exitCode).toBe(0);
  expect((await readdir(live('notes'))).toSorted()).toEqual(['deep', 'other']);
  expect((await approve(await bench.sayJson(['undo', 'team-ml', '--confirm', 'team-ml']))).exitCode).toBe(0);
  expect((await readdir(live('notes'))).toSorted()).toEqual(['added', 'deep', 'other']);
});

test.each([
  [['--only', 'db/nothing/here'], 2, 'is not in bkp_'],
  [['--only', 'dbs/x'], 2, 'Did you mean'],
  [['--only', 'db/../x'], 2, 'not a plain path'],
  [['--to', 'lab'], 4, 'no workspace'],
])('%s is refused with a sentence', async (words, exitCode, sentence) => {
  const refused = await bench.say(['restore', 'first', ...words, '--confirm', 'team-ml']);
  expect(refused.exitCode).toBe(exitCode);
  expect(refused.stderr).toContain(sentence);
});

test('a backup is brought into another workspace, out of the repository of its own', async () => {
  await mkdir(bench.at('lab/db'), { recursive: true });
  await cp(bench.at('repository'), bench.at('lab-repository'), { recursive: true });
  const config = parse(await readFile(bench.at('cml.yaml'), 'utf8'));
  const lab = structuredClone(config.workspaces['team-ml']);
  lab.platform.services = [];
  lab.platform.volumes = [{ name: 'db', path: './lab/db' }];
  lab.repository.location = './lab-repository';
  await writeFile(bench.at('cml.yaml'), stringify({ ...config, workspaces: { ...config.workspaces, lab } }));
  const before = await walk(live());
  const asked = await bench.sayJson(['restore', backup, '--to', 'lab', '--confirm', 'lab']);
  expect(asked.answer.request.plan).toMatchObject({ fromWorkspace: 'team-ml', workspace: 'lab' });
  const done = await approve(asked);
  expect(done).toMatchObject({ exitCode: 0, answer: { operation: { workspace: 'lab', status: 'succeeded' } } });
  expect(compare(then, await walk(bench.at('lab/db')))).toEqual([]);
  expect(compare(before, await walk(live()))).toEqual([]);
});

test.skipIf(!isRoot)('where there is no room beside, the data is written in place after a safety backup', async () => {
  const small = await makeBench((at) => ({ volumes: [{ name: 'db', path: at('disk/db') }] }));
  const disk = small.at('disk');
  try {
    execFileSync('truncate', ['-s', '40M', small.at('image')]);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', small.at('image')]);
    await mkdir(disk);
    execFileSync('mount', ['-o', 'loop', small.at('image'), disk]);
    await mkdir(join(disk, 'db'));
    await writeFile(join(disk, 'db', 'large'), Buffer.alloc(20e6, 'then'));
    await writeFile(join(disk, 'db', 'records'), 'then\n');
    await small.serve();
    await small.say(['start', 'team-ml']);
    const then = await walk(join(disk, 'db'));
    const made = (await small.sayJson(['backup', 'team-ml'])).answer.backup.id;
    await writeFile(join(disk, 'db', 'records'), 'now\n');
    await writeFile(join(disk, 'db', 'added'), 'now\n');
    const now = await walk(join(disk, 'db'));

    const asked = await small.sayJson(['restore', made, '--confirm', 'team-ml']);
    expect(asked.answer.request.plan).toMatchObject({ way: 'in-place' });
    expect(asked.stderr + JSON.stringify(asked.answer)).toContain('safety backup');
    const done = await small.sayJson(['approve', asked.answer.request.id, '--wait', ...asBob.words], asBob);
    expect(done).toMatchObject({ exitCode: 0, answer: { operation: { status: 'succeeded' } } });
    expect(compare(then, await walk(join(disk, 'db')))).toEqual([]);
    expect(small.pidsOf('web')).toHaveLength(1);

    const safety = done.answer.operation.outcome.safetyBackupId;
    const back = await small.sayJson(['restore', safety, '--confirm', 'team-ml']);
    const returned = await small.sayJson(['approve', back.answer.request.id, '--wait', ...asBob.words], asBob);
    expect(returned.exitCode).toBe(0);
    expect(compare(now, await walk(join(disk, 'db')))).toEqual([]);
  } finally {
    await small.dispose().catch(() => undefined); // the mounted folder cannot be removed yet
    execFileSync('umount', [disk]);
    await rm(small.folder, { recursive: true, force: true });
  }
});
