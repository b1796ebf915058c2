import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { onTestFinished as onEnd, type TestContext, test, vi } from 'vitest';
import { asBob, type Bench, type BenchWish, isRoot, makeBench, restic, runRestic, web } from './bench.ts';
import { holdRepository } from './hold-repository.ts';
import { findByCommand, sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

type Here = Pick<TestContext, 'expect' | 'onTestFinished'>;

async function given({ onTestFinished }: Here, make?: BenchWish | ((at: Bench['at']) => BenchWish)): Promise<Bench> {
  const bench = await makeBench(make);
  onTestFinished(() => bench.dispose());
  return bench;
}

/** restic itself, not the shell around it, at work for this bench. */
const resticOf = (bench: Bench, matches: (command: string) => boolean) =>
  until('restic works', () =>
    findByCommand((command) => /^\S*restic /.test(command) && command.includes(bench.folder) && matches(command)).at(0),
  );

test.concurrent('a service that will not stop is not killed, and what was stopped comes back', async (here) => {
  const { expect } = here;
  const stubborn = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.2; done'];
  const db = { name: 'db', command: stubborn, folder: '.', stop: { grace: '1s' } };
  const bench = await given(here, { services: [web, db] });
  await bench.say(['start', 'team-ml']);
  const [first, before] = [bench.pidsOf('web'), bench.pidsOf('db')];
  const { exitCode, answer, stderr } = await bench.sayJson(['backup', 'team-ml']);
  expect(exitCode).toBe(1);
  const { status, error } = answer.operation;
  expect({ status, code: error.code }).toEqual({ status: 'failed', code: 'service-will-not-stop' });
  expect(stderr).toContain('the service db still runs after SIGTERM and its grace');
  expect(error.hint).toContain('stop.kill: true');
  // the shell and one of its short sleeps, in either order: numbers of processes begin anew
  expect(bench.pidsOf('db').some((pid) => before.includes(pid))).toBe(true);
  expect(bench.pidsOf('web')).toHaveLength(1);
  expect(bench.pidsOf('web')).not.toEqual(first);
  expect((await bench.sayJson(['list'])).answer.backups).toEqual([]);
});

test.concurrent('a service that will not start is said with its output, and tried again after a cut', async (here) => {
  const { expect } = here;
  const bench = await given(here, (at) => {
    const script = `[ -e ${at('broken')} ] && echo cannot bind && exit 1; [ -e ${at('once')} ] && rm ${at('once')} && exit 1; exec sleep 86400`;
    return { services: [{ name: 'web', command: ['sh', '-c', script], folder: '.' }] };
  });
  await writeFile(bench.at('broken'), '');
  const refused = await bench.sayJson(['start', 'team-ml']);
  expect(refused).toMatchObject({ exitCode: 1, answer: { error: { code: 'service-will-not-start' } } });
  expect(refused.answer.error.hint).toMatch(/web\.log/);
  await rm(bench.at('broken'));
  await bench.say(['start', 'team-ml']);
  await writeFile(bench.at('once'), '');
  const { exitCode, answer } = await bench.sayJson(['backup', 'team-ml']);
  expect({ exitCode, status: answer.backup?.status }).toEqual({ exitCode: 0, status: 'completed' });
  expect(bench.pidsOf('web')).toHaveLength(1);
});

test.concurrent('an unreadable file makes a backup incomplete unless a pattern accepts it', async (here) => {
  const { expect } = here;
  const bench = await given(here, { policy: { acceptUnreadable: ['cache/**'] } });
  await mkdir(bench.at('team-ml/db/cache'));
  for (const name of ['locked', 'cache/one.lock']) {
    await writeFile(bench.at('team-ml/db', name), 'nobody may read this');
    await chmod(bench.at('team-ml/db', name), 0);
  }
  // Root reads everything, unless it gives that up.
  const through = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
  await bench.serve([], { through });
  const first = await bench.sayJson(['backup', 'team-ml', '--name', 'nightly']);
  expect(first.exitCode).toBe(1);
  expect(first.answer.operation.error).toMatchObject({
    code: 'backup-incomplete',
    message: expect.stringContaining('Could not be read: db/locked'),
    hint: expect.stringContaining('acceptUnreadable'),
  });
  expect(first.stderr).toContain('db/locked');
  const { backups } = (await bench.sayJson(['list', 'team-ml'])).answer;
  expect(backups).toMatchObject([{ name: 'nightly', status: 'incomplete' }]);
  expect(backups[0].warnings).toContain('Not readable, as accepted: db/cache/one.lock');
  const restore = await bench.sayJson(['restore', 'nightly', '--confirm', 'team-ml']);
  expect(restore).toMatchObject({ exitCode: 0, answer: { request: { plan: { missing: ['db/locked'] } } } });
  const { id } = restore.answer.request;
  const approval = await bench.sayJson(['approve', id, ...asBob.words], asBob);
  expect(approval).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-confirmed' } } });
  expect(approval.stderr).toContain(`cml approve ${id} --accept-incomplete`);
  expect((await bench.say(['cancel', id])).exitCode).toBe(0);
  const near = await bench.sayJson(['restore', 'nihgtly']);
  expect(near).toMatchObject({ exitCode: 4, answer: { error: { hint: 'Did you mean "nightly"?' } } });

  await bench.configure({ policy: { acceptUnreadable: ['cache/**', 'locked'] } });
  const second = await bench.sayJson(['backup', 'team-ml']);
  expect({ exitCode: second.exitCode, status: second.answer.backup.status }).toEqual({
    exitCode: 0,
    status: 'completed',
  });
  expect(second.answer.backup.warnings.toSorted()).toEqual([
    'Not readable, as accepted: db/cache/one.lock',
    'Not readable, as accepted: db/locked',
  ]);
});

test.concurrent('a file that vanishes during the pre-copy is simply not in the backup', async (here) => {
  const { expect } = here;
  const bench = await given(here);
  await bench.say(['start', 'team-ml']);
  for (let number = 0; number < 20; number++) await writeFile(bench.at('team-ml/db', `z-${number}`), `${number}`);
  // Read before the others, which are long known by name when they vanish.
  await writeFile(bench.at('team-ml/db/a-large'), '');
  await truncate(bench.at('team-ml/db/a-large'), 1e9);
  const client = bench.begin(['backup', 'team-ml', '--json']);
  const pid = await resticOf(bench, (command) => command.includes('--tag pre-copy'));
  await until('it reads', () => openFiles(pid).some((path) => path.endsWith('a-large')));
  sendSignal(pid, 'SIGSTOP');
  for (let number = 0; number < 20; number++) await rm(bench.at('team-ml/db', `z-${number}`));
  sendSignal(pid, 'SIGCONT');
  const { exitCode, stdout } = await client.ended;
  const { backup } = JSON.parse(stdout);
  expect(exitCode).toBe(0);
  expect(backup).toMatchObject({ status: 'completed', files: 2, warnings: [] });
});

function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((number) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${number}`);
    } catch {
      return []; // closed meanwhile
    }
  });
}

test.concurrent('restic killed in the cut: services come up, the backup failed, the next one works', async (here) => {
  const { expect } = here;
  const bench = await given(here);
  await bench.serve();
  await bench.say(['start', 'team-ml']);
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await bench.awaitStep('cut');
  expect(bench.pidsOf('web')).toEqual([]);
  sendSignal(await resticOf(bench, (command) => command.includes(' backup ')), 'SIGKILL');
  const { exitCode, stdout, stderr } = await client.ended;
  expect(exitCode).toBe(1);
  const { operation } = JSON.parse(stdout);
  expect(operation).toMatchObject({
    status: 'failed',
    error: { code: 'mover-unavailable', message: expect.stringContaining('restic was ended by SIGKILL') },
  });
  expect(stderr).toContain('services were down for');
  expect(bench.pidsOf('web')).toHaveLength(1);
  expect((await bench.sayJson(['list'])).answer.backups).toEqual([]);
  const next = await bench.sayJson(['backup', 'team-ml']);
  expect({ exitCode: next.exitCode, status: next.answer.backup?.status }).toEqual({ exitCode: 0, status: 'completed' });
  expect(await runRestic(bench, ['check'])).toContain('no errors were found');
});

test.concurrent('a repository that another program holds is said at once, and nothing is stopped', async (here) => {
  const { expect, onTestFinished } = here;
  const bench = await given(here, { repository: { lockWait: '0s' } });
  await bench.say(['start', 'team-ml']);
  const before = bench.pidsOf('web');
  const place = { repository: bench.at('repository'), passwordFile: bench.at('cml-data/secrets/password') };
  const holder = await holdRepository({ restic, ...place });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const [backup, check] = await Promise.all([
    bench.sayJson(['backup', 'team-ml']),
    bench.sayJson(['check', 'team-ml']),
  ]);
  expect(backup.exitCode).toBe(1);
  expect(backup.answer.operation.error).toMatchObject({
    code: 'repository-held',
    message: expect.stringContaining('The repository is held by another program'),
    hint: expect.stringContaining('restic list locks'),
  });
  expect(check.answer.ready).toBe(false);
  expect(bench.pidsOf('web')).toEqual(before);
  holder.kill('SIGCONT');
  holder.kill('SIGINT'); // it takes its lock away and ends
  await until('it has ended', () => holder.exitCode !== null);
  expect((await bench.sayJson(['check', 'team-ml'])).answer.ready).toBe(true);
});

test.skipIf(!isRoot)('a full disk: nothing is stopped, nothing is recorded, and with room it works', async (here) => {
  const { expect } = here;
  const bench = await given(here, { repository: { location: './small/repository' } });
  await mkdir(bench.at('small'));
  const mount = (...options: string[]) =>
    execFileSync('mount', ['-t', 'tmpfs', ...options, 'cml-small', bench.at('small')]);
  mount('-o', 'size=4m');
  onEnd(() => void execFileSync('umount', ['--lazy', bench.at('small')]));
  execFileSync('cp', ['-a', bench.at('repository'), bench.at('small/repository')]);
  await writeFile(bench.at('team-ml/db/noise'), randomBytes(12e6));
  await bench.say(['start', 'team-ml']);
  const before = bench.pidsOf('web');
  const { exitCode, answer } = await bench.sayJson(['backup', 'team-ml']);
  expect(exitCode).toBe(1);
  expect(answer.operation.error).toMatchObject({ code: 'disk-full', hint: expect.stringContaining('Free some space') });
  expect(bench.pidsOf('web')).toEqual(before);
  expect((await bench.sayJson(['list'])).answer.backups).toEqual([]);
  mount('-o', 'remount,size=64m');
  const next = await bench.sayJson(['backup', 'team-ml']);
  expect({ exitCode: next.exitCode, status: next.answer.backup?.status }).toEqual({ exitCode: 0, status: 'completed' });
});
