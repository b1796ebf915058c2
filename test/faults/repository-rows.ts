import { type ChildProcess, execFileSync } from 'node:child_process';
import { open, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { restic } from '../e2e/bench.ts';
import { holdRepository } from '../e2e/hold-repository.ts';
import { until } from '../e2e/processes.ts';
import type { Tree } from '../walker.ts';
import { addNoise, type FaultBench, given, type Here } from './fault-bench.ts';
import { hasStopped, judge } from './judge.ts';
import { mountSmallDisk } from './small-disk.ts';
import { type Row, tell } from './table.ts';

/** A server with one completed backup, and what it holds. */
export async function withBackup(here: Here, make: Parameters<typeof given>[1] = {}) {
  const bench = await given(here, make);
  const server = await bench.up();
  const live = await bench.picture();
  const made = await bench.backUp();
  expect(made).toMatchObject({ status: 'succeeded' });
  const backup = made.id.replace('op_', 'bkp_');
  return { bench, server, live, backup, held: { [backup]: live } };
}

/** A server without any history. */
async function fresh(here: Here, make: Parameters<typeof given>[1]) {
  const bench = await given(here, make);
  await bench.up();
  return { bench, live: await bench.picture() };
}

/** Does something while services are down and restic has not read a byte yet. */
export async function inCut(bench: FaultBench, inject: () => unknown): Promise<void> {
  const held = await bench.hold('delta');
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await held.reached();
  expect(bench.isUp()).toBe(false);
  await inject();
  await held.letGo();
  await client.ended;
  await rm(bench.at('trouble/delta'));
}

/** Another program, alive, alone in the repository. */
async function hold({ onTestFinished }: Here, bench: FaultBench): Promise<ChildProcess> {
  const place = { repository: bench.at('repository'), passwordFile: bench.at('cml-data/secrets/password') };
  const holder = await holdRepository({ restic, ...place });
  onTestFinished(() => void holder.kill('SIGKILL'));
  return holder;
}

/** The biggest files first: data before trees. */
async function packsOf(bench: FaultBench, folder = 'repository/data'): Promise<string[]> {
  const all = await readdir(bench.at(folder), { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function flip(path: string, at: number): Promise<void> {
  execFileSync('chmod', ['u+w', path]);
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await file.write(byte, 0, 1, at);
  await file.close();
}

async function refusedBeforeTheStop(bench: FaultBench, live: Tree, code: string | RegExp, more = {}): Promise<string> {
  const pids = bench.pidsOf('web');
  const ended = await bench.backUp();
  expect(ended).toMatchObject({ status: 'failed', error: { code: expect.stringMatching(code) } });
  expect(bench.pidsOf('web')).toEqual(pids);
  const seen = await tell(bench, ended);
  expect(await judge(bench, { live, ...more })).toEqual([]);
  return seen;
}

async function failedInTheCut(bench: FaultBench, live: Tree, code: string | RegExp, more = {}): Promise<string> {
  const ended = await bench.settled();
  expect(ended).toMatchObject({ status: 'failed', error: { code: expect.stringMatching(code) } });
  expect(hasStopped(ended)).toBe(true);
  const seen = await tell(bench, ended);
  expect(await judge(bench, { live, ...more })).toEqual([]);
  return seen;
}

export const repositoryRows: readonly Row[] = [
  {
    fault: 'the repository is gone',
    injected: 'its folder renamed before the backup',
    expected: 'stops nothing, and works once it is back',
    async play(here) {
      const { bench, live, backup, held } = await withBackup(here);
      await rename(bench.at('repository'), bench.at('elsewhere'));
      const seen = await refusedBeforeTheStop(bench, live, 'repository-missing', { destroyed: [backup] });
      await rename(bench.at('elsewhere'), bench.at('repository'));
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live, held })).toEqual([]);
      return seen;
    },
  },
  {
    fault: 'the repository is gone in the cut',
    injected: 'its folder renamed while services are down',
    expected: 'starts services and says so',
    async play(here) {
      const { bench, live, backup, held } = await withBackup(here);
      await inCut(bench, () => rename(bench.at('repository'), bench.at('elsewhere')));
      const seen = await failedInTheCut(bench, live, /^repository-missing$/, { destroyed: [backup] });
      await rename(bench.at('elsewhere'), bench.at('repository'));
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live, held, told: [/^a copy that no backup needs: op_\w+ pre-copy/] })).toEqual([]);
      return seen;
    },
  },
  {
    fault: 'the repository is slow',
    injected: 'restic takes a minute in the cut; the downtime budget is 8 s, the margin 20 s',
    expected: 'gives the cut up at the end of the budget and starts services',
    async play(here) {
      const { bench, live } = await fresh(here, { policy: { downtimeBudget: '8s', guardMargin: '20s' } });
      await bench.trouble('delta', 'sleep 60');
      const { answer } = await bench.sayJson(['backup', 'team-ml']);
      expect(answer.operation.downtimeMs).toBeLessThan(18_000);
      return `${await failedInTheCut(bench, live, 'over-budget')}, down ${(answer.operation.downtimeMs / 1000).toFixed(1)} s`;
    },
  },
  {
    fault: 'the repository is read-only',
    injected: 'ext4 mounted read-only before the backup',
    expected: 'stops nothing and says so',
    async play(here) {
      const bench = await given(here, { repository: { location: './disk/repository' } });
      const disk = await mountSmallDisk(here, bench.at('disk'), { kind: 'ext4', megabytes: 24 });
      execFileSync('cp', ['-a', bench.at('repository'), bench.at('disk/repository')]);
      await bench.up();
      const live = await bench.picture();
      disk.readOnly(true);
      const seen = await refusedBeforeTheStop(bench, live, /^mover-unavailable$/);
      disk.readOnly(false);
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      return seen;
    },
  },
  {
    fault: 'the repository becomes read-only in the cut',
    injected: 'ext4 remounted read-only while services are down',
    expected: 'starts services at the end of the budget, and works once it can be written again',
    async play(here) {
      const bench = await given(here, { repository: { location: './disk/repository' } });
      const disk = await mountSmallDisk(here, bench.at('disk'), { kind: 'ext4', megabytes: 24 });
      execFileSync('cp', ['-a', bench.at('repository'), bench.at('disk/repository')]);
      await bench.up();
      const live = await bench.picture();
      await inCut(bench, () => disk.readOnly(true));
      // restic itself tries for a quarter of an hour; the budget ends that.
      const seen = await failedInTheCut(bench, live, /^over-budget$/, { told: [/^a copy/] });
      disk.readOnly(false);
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      return seen;
    },
  },
  {
    fault: 'the repository is locked by a dead owner',
    injected: 'restic killed while it was alone in the repository',
    expected: 'removes the lock and makes the backup',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      const holder = await hold(here, bench);
      holder.kill('SIGKILL');
      await until('it is dead', () => holder.signalCode !== null);
      const ended = await bench.backUp();
      expect(ended).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live, held })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the repository is locked by a live owner',
    injected: 'restic check held with SIGSTOP before the backup',
    expected: 'stops nothing and names what holds it',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      const holder = await hold(here, bench);
      const seen = await refusedBeforeTheStop(bench, live, 'repository-held');
      holder.kill('SIGKILL');
      expect(await judge(bench, { live, held })).toEqual([]);
      return seen;
    },
  },
  {
    fault: 'a live owner locks the repository in the cut',
    injected: 'restic check held with SIGSTOP while services are down',
    expected: 'waits for nobody: starts services and says so',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      let holder: ChildProcess | undefined;
      await inCut(bench, async () => {
        holder = await hold(here, bench);
      });
      const seen = await failedInTheCut(bench, live, 'repository-held', { told: [/^a copy that no backup needs/] });
      holder?.kill('SIGKILL');
      expect(await judge(bench, { live, held, told: [/^a copy that no backup needs/] })).toEqual([]);
      return seen;
    },
  },
  {
    fault: "the repository's index is damaged",
    injected: 'every file of its index cut to half',
    expected: 'calls no backup completed that stands on it',
    async play(here) {
      const { bench, live, backup } = await withBackup(here);
      for (const path of await packsOf(bench, 'repository/index')) {
        execFileSync('chmod', ['u+w', path]);
        await truncate(path, 40);
      }
      await bench.backUp();
      return failedInTheCut(bench, live, 'repository-damaged', { destroyed: [backup], told: [/^a copy/] });
    },
  },
  {
    fault: "the repository's config is damaged",
    injected: 'one byte of it flipped',
    expected: 'stops nothing and says so',
    async play(here) {
      const { bench, live, backup } = await withBackup(here);
      await flip(bench.at('repository/config'), 30);
      return refusedBeforeTheStop(bench, live, /./, { destroyed: [backup] });
    },
  },
  {
    fault: "the repository's keys are gone",
    injected: 'the files of its keys removed',
    expected: 'stops nothing and says so',
    async play(here) {
      const { bench, live, backup } = await withBackup(here);
      for (const path of await packsOf(bench, 'repository/keys')) await rm(path, { force: true });
      return refusedBeforeTheStop(bench, live, /^(repository-|mover-)/, { destroyed: [backup] });
    },
  },
  {
    fault: 'the repository has lost a pack',
    injected: 'every file of data removed, index and all else kept',
    expected: 'calls no backup completed that stands on it',
    async play(here) {
      const { bench, live, backup } = await withBackup(here);
      for (const path of await packsOf(bench)) await rm(path, { force: true });
      await writeFile(bench.at('team-ml/db/new'), 'since then');
      const now = await bench.picture();
      await bench.backUp();
      expect(live).not.toEqual(now);
      return failedInTheCut(bench, now, 'repository-damaged', { destroyed: [backup], told: [/^a copy/] });
    },
  },
  {
    fault: 'a pack of the repository is damaged',
    injected: 'one byte of each file of data flipped',
    expected: 'a restore fails before services stop and a verification says so',
    async play(here) {
      const { bench, live, backup } = await withBackup(here);
      for (const path of await packsOf(bench)) await flip(path, 20);
      const pids = bench.pidsOf('web');
      const verified = await bench.sayJson(['verify', backup]);
      expect(verified.answer.operation).toMatchObject({ status: 'failed' });
      await bench.approveRestore(backup);
      await until('the restore has begun', async () =>
        (await bench.operations('ended')).some(({ kind }) => kind === 'restore'),
      );
      const ended = await bench.settled();
      expect(ended).toMatchObject({ kind: 'restore', status: 'failed' });
      expect(bench.pidsOf('web')).toEqual(pids);
      expect(await judge(bench, { live, destroyed: [backup] })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'a wrong password',
    injected: 'the password file changed before the backup',
    expected: 'stops nothing and says so',
    async play(here) {
      const { bench, live, backup } = await withBackup(here);
      await writeFile(bench.at('cml-data/secrets/password'), 'guessed\n');
      return refusedBeforeTheStop(bench, live, 'repository-password', { destroyed: [backup] });
    },
  },
  {
    fault: 'the password changes in the cut',
    injected: 'the password file changed while services are down',
    expected: 'starts services and says so',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      const right = await readFile(bench.at('cml-data/secrets/password'));
      await inCut(bench, () => writeFile(bench.at('cml-data/secrets/password'), 'guessed\n'));
      const ended = await bench.settled();
      await writeFile(bench.at('cml-data/secrets/password'), right);
      expect(ended).toMatchObject({ error: { code: 'repository-password' } });
      return failedInTheCut(bench, live, 'repository-password', { held, told: [/^a copy that no backup needs/] });
    },
  },
  {
    fault: 'restic is killed in the cut',
    injected: 'SIGKILL while it runs',
    expected: 'starts services, and the next backup works',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      await bench.trouble('delta', 'kill -KILL $$');
      await bench.backUp();
      await rm(bench.at('trouble/delta'));
      const seen = await failedInTheCut(bench, live, 'mover-unavailable', { held });
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      return seen;
    },
  },
  {
    fault: 'restic is killed while services are up',
    injected: 'SIGKILL at its first try of the pre-copy',
    expected: 'tries again and makes the backup',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      await bench.trouble('pre-copy', `[ -e ${bench.at('once')} ] || { : >${bench.at('once')}; kill -KILL $$; }`);
      const ended = await bench.backUp();
      expect(ended).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live, held })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'restic is stopped in the cut',
    injected: 'SIGSTOP; the downtime budget is 8 s, the margin 3 s',
    expected: 'has services up within the budget and the margin, and ends restic',
    async play(here) {
      const { bench, live } = await fresh(here, { policy: { downtimeBudget: '8s', guardMargin: '3s' } });
      await bench.trouble('delta', 'kill -STOP $$');
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await until('services are down', () => !bench.isUp(), 60_000);
      const downAt = Date.now();
      await until('services are up', () => bench.isUp());
      const tookMs = Date.now() - downAt;
      await client.ended;
      // The guard looks twice a second, and this machine may be busy.
      expect(tookMs).toBeLessThan(17_000);
      const seen = await failedInTheCut(bench, live, /^(over-budget|not-quiet)$/);
      return `${seen}, down ${(tookMs / 1000).toFixed(1)} s`;
    },
  },
  {
    fault: 'restic is stopped while services are up',
    injected: "SIGSTOP in the pre-copy; the operation's time-out is 5 s",
    expected: 'ends it at the time-out, and no service is stopped',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      await bench.configure({ policy: { timeout: '5s' } });
      await bench.trouble('pre-copy', 'kill -STOP $$');
      const seen = await refusedBeforeTheStop(bench, live, 'timed-out', { held });
      return seen;
    },
  },
  {
    fault: 'restic prints garbage in the cut',
    injected: 'a program in its place prints noise and ends with 0',
    expected: 'believes nothing, starts services and says so',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      await bench.trouble(
        'delta',
        `head -c 5000 /dev/urandom; echo; echo '{"message_type":"summary"'; echo done >&2; exit 0`,
      );
      await bench.backUp();
      return failedInTheCut(bench, live, 'mover-unavailable', { held });
    },
  },
  {
    fault: 'restic prints garbage before the stop',
    injected: 'a program in its place answers the list of copies with noise',
    expected: 'stops nothing and says so',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      await bench.trouble('list-known', `echo '[{"id":7},'; exit 0`);
      return refusedBeforeTheStop(bench, live, 'mover-unavailable', { held });
    },
  },
  {
    fault: 'restic lies about what it copied',
    injected: 'a program in its place names an older copy as the one it made',
    expected: 'does not call it a backup',
    async play(here) {
      const { bench, live, held } = await withBackup(here);
      await addNoise(bench.at('team-ml/db/fresh'), 1000);
      const now = await bench.picture();
      const lie = `id=$(${restic} snapshots --json --latest 1 | sed 's/.*"id":"\\([0-9a-f]*\\)".*/\\1/')
printf '{"message_type":"summary","snapshot_id":"%s","total_files_processed":13,"total_bytes_processed":1000,"total_duration":1}\\n' "$id"
exit 0`;
      await bench.trouble('delta', lie);
      await bench.backUp();
      await rm(bench.at('trouble/delta'));
      const seen = await failedInTheCut(bench, now, /^(copy-not-proven|mover-unavailable|part-missing)$/, { held });
      expect(live).not.toEqual(now);
      return seen;
    },
  },
];
