import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { compare, type Tree, walk } from '../walker.ts';
import { asBob, type Bench, makeBench, runRestic } from './bench.ts';
import { sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

/** One sitting: each test goes on where the last ended. No server is begun by hand: every word may start one. */
let bench: Bench;
let old: string;
let fresh: string;
let asItWas: Tree;

beforeAll(async () => {
  bench = await makeBench();
  await mkdir(bench.at('team-ml/db/deep/er'), { recursive: true });
  await writeFile(bench.at('team-ml/db/deep/er/model'), Buffer.alloc(70_000, 7));
  await symlink('../records', bench.at('team-ml/db/deep/link'));
  asItWas = await walk(bench.at('team-ml/db'));
  old = await backUp('old');
  await writeFile(bench.at('team-ml/db/records'), 'one\ntwo\nthree\n');
  fresh = await backUp('fresh');
});

afterAll(() => bench?.dispose());

async function backUp(name: string): Promise<string> {
  const { answer } = await bench.sayJson(['backup', 'team-ml', '--name', name]);
  expect(answer.backup).toMatchObject({ status: 'completed' });
  return answer.backup.id;
}

async function killServer(): Promise<void> {
  for (const pid of bench.serverPids()) sendSignal(pid, 'SIGKILL');
  await until('no server runs', () => bench.serverPids().length === 0);
}

async function copiesIn(): Promise<{ id: string; tags: string[] }[]> {
  return JSON.parse(await runRestic(bench, ['snapshots', '--json']));
}

const idsListed = async () => (await bench.sayJson(['list'])).answer.backups.map((backup: { id: string }) => backup.id);

test('a catalog and a repository that fit are called so', async () => {
  const { exitCode, answer } = await bench.sayJson(['catalog', 'check']);
  expect({ exitCode, fits: answer.fits }).toEqual({ exitCode: 0, fits: true });
  expect((await bench.say(['catalog', 'check', 'team-ml'])).stdout).toContain('of team-ml fit');
});

test('a catalog that lost its records is rebuilt from the repository alone', async () => {
  await killServer();
  const records = bench.at('cml-data/backups');
  const before = await Promise.all(
    [old, fresh].map(async (id) => JSON.parse(await readFile(`${records}/${id}.json`, 'utf8'))),
  );
  for (const name of await readdir(records)) await rm(`${records}/${name}`);
  expect(await idsListed()).toEqual([]);

  const lost = await bench.sayJson(['catalog', 'check']);
  expect({ exitCode: lost.exitCode, orphans: lost.answer.workspaces[0].orphans }).toEqual({ exitCode: 1, orphans: [] });
  expect(JSON.stringify(lost.answer)).toContain('cml catalog rebuild');

  const { exitCode, answer } = await bench.sayJson(['catalog', 'rebuild']);
  expect(exitCode).toBe(0);
  expect(answer.added.map(({ id }: { id: string }) => id)).toEqual([old, fresh]);
  expect(await idsListed()).toEqual([fresh, old]);
  const after = await Promise.all([old, fresh].map(async (id) => (await bench.sayJson(['status', id])).answer.backup));
  for (const [index, was] of before.entries()) {
    const { endedAt: _ended, durationMs: _took, addedBytes: _added, ...rest } = was;
    expect(after[index]).toMatchObject(rest);
  }
  // Nothing of the definitions that were looked at stays behind.
  expect((await readdir(bench.at('cml-data/work'))).filter((name) => name.startsWith('op_'))).toEqual([]);
});

test('retention is held off until a person confirms', async () => {
  expect((await bench.say(['status', 'team-ml'])).stdout).toContain('Retention is off');
  expect((await bench.say(['catalog', 'check'])).stdout).toContain('cml catalog confirm team-ml');
  expect((await bench.sayJson(['catalog', 'confirm'])).exitCode).toBe(2);
  const confirmed = await bench.sayJson(['catalog', 'confirm', 'team-ml']);
  expect(confirmed.answer).toEqual({ workspace: 'team-ml', retentionWasOff: true });
  expect((await bench.say(['status', 'team-ml'])).stdout).not.toContain('Retention is off');
});

test('what was rebuilt is restored, identical', async () => {
  const asked = await bench.sayJson(['restore', 'old', '--confirm', 'team-ml']);
  const approved = await bench.sayJson(['approve', asked.answer.request.id, '--wait', ...asBob.words], asBob);
  expect(approved).toMatchObject({ exitCode: 0, answer: { restore: { status: 'succeeded' } } });
  expect(compare(asItWas, await walk(bench.at('team-ml/db')))).toEqual([]);
});

test('a copy that nobody needs is found, and removed only when the name is repeated', async () => {
  const kept = (await copiesIn()).map(({ id }) => id);
  const [one] = await bench.operations('ended');
  await runRestic(bench, ['backup', '--host', 'team-ml', '--tag', one?.id ?? '', bench.at('team-ml/db')]);
  expect((await bench.sayJson(['catalog', 'check'])).exitCode).toBe(1);
  const unconfirmed = await bench.sayJson(['catalog', 'check', 'team-ml', '--remove']);
  expect(unconfirmed).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-confirmed' } } });
  expect(await copiesIn()).toHaveLength(kept.length + 1);
  const removed = await bench.sayJson(['catalog', 'check', 'team-ml', '--remove', '--confirm', 'team-ml']);
  expect(removed).toMatchObject({ exitCode: 0, answer: { workspaces: [{ removed: true }] } });
  expect((await copiesIn()).map(({ id }) => id)).toEqual(kept);
  const did = (await readFile(bench.at('cml-data/audit.jsonl'), 'utf8')).trim().split('\n');
  expect(did.map((line) => JSON.parse(line).did)).toEqual(
    expect.arrayContaining(['rebuilt the catalog', 'confirmed the catalog', 'asked to remove copies']),
  );
});

test('a list longer than a pipe holds arrives whole', async () => {
  const record = JSON.parse(await readFile(bench.at(`cml-data/backups/${old}.json`), 'utf8'));
  for (let index = 0; index < 200; index += 1) {
    const id = `bkp_${String(index).padStart(10, '0')}`;
    await writeFile(bench.at(`cml-data/backups/${id}.json`), JSON.stringify({ ...record, id }));
  }
  await killServer();
  const { answer, stdout } = await bench.sayJson(['list', '--limit', '500']);
  expect(answer.backups).toHaveLength(202);
  expect(stdout.length).toBeGreaterThan(131_072);
});
