import { randomBytes } from 'node:crypto';
import { chmod, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import { type Bench, makeBench, restic, runRestic } from './bench.ts';
import { sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A repository is looked after by schedules over the real server, one sitting: each test goes on where the last ended. */
let bench: Bench;
const backups: string[] = [];

beforeAll(async () => {
  const schedule = (does: string) => ({ does, when: 'daily at 04:00', zone: 'UTC' });
  const read = { ...schedule('check'), rereadWithin: '1d' };
  const schedules = { tidy: schedule('retention'), prune: schedule('prune'), read };
  bench = await makeBench((at) => ({
    workspace: { retention: { last: 1 }, schedules },
    repository: { prune: { maxUnused: '0%' } },
    notify: ['sh', '-c', `[ -z "$CML_URGENT" ] || cat >> ${at('pages')}`],
  }));
  await writeFile(bench.at('restic'), HELD, { mode: 0o755 });
  await serve();
  await bench.say(['start', 'team-ml']);
  for (let turn = 0; turn < 2; turn += 1) {
    await writeFile(bench.at('team-ml/db/records'), randomBytes(400_000));
    const { answer } = await bench.sayJson(['backup', 'team-ml']);
    expect(answer.backup).toMatchObject({ status: 'completed' });
    backups.push(answer.backup.id);
  }
});

afterAll(() => bench?.dispose());

/** restic, once what it is asked to do is not held any more by a file of that name. */
const HELD = `#!/bin/sh
here=$(dirname "$0")
for verb in forget prune; do
  case " $* " in *" $verb "*) while [ -e "$here/hold-$verb" ]; do : > "$here/held-$verb"; sleep 0.05; done ;; esac
done
exec '${restic}' "$@"
`;

const serve = () => bench.serve([], { environment: { CML_RESTIC: bench.at('restic') } });
const statusOf = async (id: string) => (await bench.sayJson(['status', id])).answer.backup?.status;
const copies = async () => JSON.parse(await runRestic(bench, ['snapshots', '--json'])) as { id: string }[];

async function ended(kind: string): Promise<Operation> {
  return until(`the ${kind} has ended`, async () => {
    const open = await bench.operations('open');
    return open.length === 0 && (await bench.operations('ended')).findLast((one) => one.kind === kind);
  });
}

/** Runs a schedule now, kills the server while restic does this, and starts another one. */
async function killWhile(verb: string, name: string): Promise<void> {
  await writeFile(bench.at(`hold-${verb}`), '');
  const following = bench.begin(['schedule', 'run', 'team-ml', name]);
  await until(`restic is held in ${verb}`, () => stat(bench.at(`held-${verb}`)).catch(() => undefined));
  // First: it would start another server at once, with the restic of everybody.
  following.kill('SIGKILL');
  await following.ended;
  for (const pid of bench.serverPids()) sendSignal(pid, 'SIGKILL');
  await until('the server is dead', () => bench.serverPids().length === 0);
  await rm(bench.at(`hold-${verb}`));
  await serve();
}

async function packs(): Promise<{ path: string; size: number }[]> {
  const folder = bench.at('repository/data');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const all = files.map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(all.map(async (path) => ({ path, size: (await stat(path)).size })));
}

const sizeOfAll = async () => (await packs()).reduce((sum, { size }) => sum + size, 0);

test('says of each backup whether the rules keep it, and removes nothing by saying so', async () => {
  const { answer } = await bench.sayJson(['list', 'team-ml', '--retention']);
  expect(answer.kept).toMatchObject([{ id: backups[1] }]);
  expect(answer.goes).toMatchObject([{ id: backups[0] }]);
  const { stdout } = await bench.say(['list', 'team-ml', '--retention']);
  expect(stdout).toContain('1 goes the next time');
  expect(stdout).toMatch(new RegExp(`${backups[0]}.*GOES.*no rule keeps it`));
  expect(await statusOf(backups[0] ?? '')).toBe('completed');
});

test('removes what no rule keeps, although the server is killed in the middle of it', async () => {
  await killWhile('forget', 'tidy');
  expect(await ended('retention')).toMatchObject({
    ...{ status: 'succeeded', reason: 'schedule tidy' },
    outcome: { removed: [backups[0]], kept: 1 },
  });
  expect([await statusOf(backups[0] ?? ''), await statusOf(backups[1] ?? '')]).toEqual(['deleted', 'completed']);
  expect(await copies()).toHaveLength(2); // the data of the newest one, and its manifest
  expect((await bench.say(['catalog', 'check', 'team-ml'])).exitCode).toBe(0);
});

test('gives the space back, although the server is killed while it prunes', async () => {
  const before = await sizeOfAll();
  await killWhile('prune', 'prune');
  const { status, outcome } = await ended('prune');
  expect(status).toBe('succeeded');
  const { freedBytes } = outcome as { freedBytes: number };
  expect(freedBytes).toBeGreaterThan(350_000);
  expect(await sizeOfAll()).toBeLessThan(before - 350_000);
  expect(await bench.sayJson(['verify', backups[1] ?? ''])).toMatchObject({ exitCode: 0 });
});

test('reads the repository again, and pages people with the backups that a flipped byte is in', async () => {
  const read = async () => {
    expect((await bench.say(['schedule', 'run', 'team-ml', 'read'])).exitCode).toBeLessThan(2);
    return ended('check');
  };
  expect(await read()).toMatchObject({ status: 'succeeded', outcome: { slices: 1, of: 1, done: 1 } });
  const [largest] = (await packs()).sort((one, other) => other.size - one.size);
  await chmod(largest?.path ?? '', 0o600);
  const file = await open(largest?.path ?? '', 'r+');
  await file.write(Buffer.from('damage'), 0, 6, 2_000);
  await file.close();
  expect(await read()).toMatchObject({ status: 'failed', error: { code: 'repository-damaged' } });
  const { stdout, exitCode } = await bench.say(['catalog', 'check', 'team-ml']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(new RegExp(`damage.*data in the repository is damaged.*${backups[1]}`));
  expect(await readFile(bench.at('pages'), 'utf8')).toContain('DATA IN THE REPOSITORY IS DAMAGED');
});
