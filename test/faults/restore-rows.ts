import { readdirSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { expect } from 'vitest';
import { runRestic } from '../e2e/bench.ts';
import { isLiving, until } from '../e2e/processes.ts';
import { type FaultBench, given, type Here, SERVICES } from './fault-bench.ts';
import { hasStopped, judge, readBackups } from './judge.ts';
import { withBackup } from './repository-rows.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { type Row, tell } from './table.ts';

/** An approved restore that waits until a backup, held before its stop, has ended. */
async function waitingRestore(here: Here) {
  const world = await withBackup(here);
  const { bench, backup } = world;
  const held = await bench.hold('pre-copy');
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await held.reached();
  const request = await bench.approveRestore(backup);
  expect((await bench.sayJson(['status', request])).answer.request.status).toBe('approved');
  return { ...world, request, go: () => held.letGo().then(() => client.ended) };
}

const statusOf = async (bench: FaultBench, request: string) =>
  (await bench.sayJson(['status', request])).answer.request.status as string;

/** The one who waits is refused when its turn comes, and no restore ever runs. */
async function neverRuns(
  { bench, request, go }: Awaited<ReturnType<typeof waitingRestore>>,
  promises: Parameters<typeof judge>[1],
): Promise<string> {
  await go();
  await until('its turn has come', async () => (await statusOf(bench, request)) !== 'approved');
  const status = await statusOf(bench, request);
  await bench.settled();
  expect(status).toBe('expired');
  expect((await bench.operations('ended')).map(({ kind }) => kind)).not.toContain('restore');
  expect(await judge(bench, promises)).toEqual([]);
  return `request ${status}, no restore ran, ${await tell(bench)}`;
}

async function restoreEnded(bench: FaultBench) {
  const ended = await until(
    'the restore has ended',
    async () => (await bench.operations('ended')).find(({ kind }) => kind === 'restore'),
    90_000,
  );
  await bench.settled();
  return ended;
}

export const restoreRows: readonly Row[] = [
  {
    fault: 'an approved restore whose backup was deleted',
    injected: 'its copies forgotten by plain restic while it waits for its turn',
    expected: 'cml refuses the deletion; the restore fails before it stops anything',
    async play(here) {
      const { bench, live, backup, go } = await waitingRestore(here);
      const refused = await bench.sayJson(['delete', backup, '--confirm', 'team-ml']);
      expect(refused).toMatchObject({ exitCode: 3, answer: { error: { code: 'backup-held' } } });
      const [gone] = (await readBackups(bench)).filter(({ id }) => id === backup);
      await runRestic(bench, ['forget', ...new Set(gone?.parts.flatMap(({ copyId = [] }) => copyId))]);
      await go();
      const ended = await restoreEnded(bench);
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'plan-changed' } });
      expect(hasStopped(ended)).toBe(false);
      expect(await judge(bench, { live, destroyed: [backup] })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'an approved restore whose approver left',
    injected: 'bob taken from the approvers while it waits; nobody says a word after that',
    expected: 'lapses when its turn comes, and says why',
    async play(here) {
      const world = await waitingRestore(here);
      await world.bench.configure({ policy: { approvers: ['alice'] } });
      return neverRuns(world, { live: world.live, held: world.held });
    },
  },
  {
    fault: 'an approved restore whose target changed',
    injected: 'the path of the volume edited while it waits; nobody says a word after that',
    expected: 'lapses when its turn comes, and says why',
    async play(here) {
      const world = await waitingRestore(here);
      const { bench } = world;
      await cp(bench.at('team-ml/db'), bench.at('other'), { recursive: true });
      await bench.configure({ volumes: [{ name: 'db', path: './other' }] });
      return neverRuns(world, { live: world.live, held: world.held });
    },
  },
  {
    fault: 'the disk of the parts is full while staging',
    injected: 'ext4 of 32 MB under the part, used up while restic begins to restore',
    expected: 'stops nothing, touches nothing, leaves nothing beside',
    async play(here) {
      const { bench, disk } = await partsOnSmallDisk(here);
      await bench.up();
      const live = await bench.picture();
      await writeFile(bench.at('team-ml/db/large'), Buffer.alloc(3e6, 'x'));
      const held = { tree: await bench.picture() };
      const backup = (await bench.backUp()).id.replace('op_', 'bkp_');
      await rm(bench.at('team-ml/db/large'));
      const now = await bench.picture();
      const pids = bench.pidsOf('web');
      const gate = await bench.hold('fill-db');
      await bench.approveRestore(backup);
      await gate.reached();
      disk.fill();
      await gate.letGo();
      const ended = await restoreEnded(bench);
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk-full' } });
      expect(bench.pidsOf('web')).toEqual(pids);
      expect(live).not.toEqual(now);
      await disk.free();
      expect(await judge(bench, { live: now, held: { [backup]: held.tree }, told: [/^\.filler$/] })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the disk of the parts is full while swapping',
    injected: 'ext4 of 32 MB under the part, used up by a service when it is told to stop',
    expected: 'renames need no room: the restore is done',
    async play(here) {
      const { bench, disk } = await partsOnSmallDisk(here, (at) => fillsWhenStopped(at('armed'), at('team-ml')));
      await bench.up();
      const live = await bench.picture();
      const backup = (await bench.backUp()).id.replace('op_', 'bkp_');
      await writeFile(bench.at('team-ml/db/records'), 'people wrote since\n');
      await writeFile(bench.at('armed'), '');
      await bench.approveRestore(backup);
      const ended = await restoreEnded(bench);
      await rm(bench.at('armed'));
      await disk.free();
      expect(ended).toMatchObject({ status: 'succeeded' });
      expect(await judge(bench, { live, held: { [backup]: live }, told: [/^\.cml-|^\.filler$/] })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: "the data folder's disk is full while swapping",
    injected: 'ext4 of 40 MB, used up by a service when it is told to stop',
    expected: 'put back whole, or, where a little room was left, done whole; services up',
    async play(here) {
      const bench = await given(here, (at) => ({ services: fillsWhenStopped(at('armed'), at('cml-data')) }));
      await cp(bench.at('cml-data'), bench.at('aside'), { recursive: true });
      const disk = await mountSmallDisk(here, bench.at('cml-data'), { kind: 'ext4', megabytes: 40 });
      await cp(bench.at('aside'), bench.at('cml-data'), { recursive: true });
      await bench.up();
      const first = await bench.picture();
      const backup = (await bench.backUp()).id.replace('op_', 'bkp_');
      await writeFile(bench.at('team-ml/db/records'), 'people wrote since\n');
      const now = await bench.picture();
      await writeFile(bench.at('armed'), '');
      await bench.approveRestore(backup);
      const ended = await restoreEnded(bench);
      await rm(bench.at('armed'));
      await disk.free();
      expect(hasStopped(ended)).toBe(true);
      const isDone = ended.status === 'succeeded';
      const told = isDone ? [/^\.cml-/] : [];
      expect(await judge(bench, { live: isDone ? first : now, held: { [backup]: first }, told })).toEqual([]);
      return tell(bench, ended);
    },
  },
  {
    fault: 'the disk is full while the catalog is written',
    injected: "a disk of its own for the catalog's backups, used up while the repository is proven",
    expected: 'does not call it a backup, and works once there is room',
    async play(here) {
      const bench = await given(here);
      const disk = await mountSmallDisk(here, bench.at('cml-data/backups'), { kind: 'tmpfs', megabytes: 1 });
      await bench.up();
      const live = await bench.picture();
      const held = await bench.hold('check');
      const client = bench.begin(['backup', 'team-ml', '--json']);
      await held.reached();
      disk.fill();
      await held.letGo();
      await client.ended;
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk-full' } });
      const seen = await tell(bench, ended);
      expect(await judge(bench, { live })).toEqual([]);
      await disk.free();
      await rm(bench.at('trouble/check'));
      expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
      return seen;
    },
  },
  {
    fault: 'the server is stopped in the middle of a swap',
    injected: 'SIGSTOP between two renames inside a mount point of 4,000 entries; budget 8 s, margin 2 s',
    expected: 'the guard ends it, puts back first, then starts services',
    async play(here) {
      const bench = await given(here, { policy: { downtimeBudget: '8s', guardMargin: '2s' } });
      await mountSmallDisk(here, bench.at('team-ml/db'), { kind: 'tmpfs', megabytes: 64 });
      for (let number = 0; number < 4_000; number++)
        await writeFile(bench.at('team-ml/db', `file-${number}`), `${number}`);
      const server = await bench.up();
      const live = await bench.picture();
      const backup = (await bench.backUp()).id.replace('op_', 'bkp_');
      await writeFile(bench.at('team-ml/db/file-7'), 'people wrote since\n');
      const now = await bench.picture();
      await bench.approveRestore(backup);
      const moved = await stopInTheMiddle(bench, () => server.kill('SIGSTOP'));
      await until('the guard has services up', () => bench.isUp(), 120_000);
      expect(isLiving(server.pid)).toBe(false);
      expect(await bench.picture().then((tree) => tree.entries['file-7'])).toEqual(now.entries['file-7']);
      await bench.serve();
      const ended = await restoreEnded(bench);
      expect(ended).toMatchObject({ status: 'failed' });
      // Working inside of a mount point moves its own time of change, whatever is put back.
      const root = (await bench.picture()).entries['.'];
      const expected = { ...now, entries: { ...now.entries, ...(root ? { '.': root } : {}) } };
      expect(await judge(bench, { live: expected, held: { [backup]: live } })).toEqual([]);
      return `stopped after ${moved} of 4,000 had moved; ${await tell(bench, ended)}`;
    },
  },
];

/** Answers how many entries had been moved away. */
async function stopInTheMiddle(bench: FaultBench, stop: () => void): Promise<number> {
  const folder = bench.at('team-ml/db');
  const displaced = () => {
    const name = readdirSync(folder).find((entry) => entry.startsWith('.cml-') && entry.includes('displaced'));
    return name === undefined ? 0 : readdirSync(bench.at('team-ml/db', name)).length;
  };
  await until(
    'services are told to stop',
    async () =>
      (await bench.operations('open')).some(
        ({ kind, journal }) =>
          kind === 'restore' && journal.some((event) => event.type === 'step-began' && event.step === 'commit'),
      ),
    60_000,
  );
  while (displaced() < 50) await letOthersRun();
  stop();
  const moved = displaced();
  expect(moved).toBeLessThan(4_000);
  return moved;
}

/** One service that uses a disk up when it is told to stop, once a file stands. */
function fillsWhenStopped(armed: string, place: string): object[] {
  const fill = `[ ! -e ${armed} ] || { dd if=/dev/zero of=${place}/.filler bs=1M; dd if=/dev/zero of=${place}/.filler bs=4k oflag=append conv=notrunc; } 2>/dev/null`;
  const script = `trap '${fill}; exit 0' TERM; while :; do sleep 0.1; done`;
  return [SERVICES[0] ?? {}, { name: 'db', command: ['sh', '-c', script], folder: '.' }];
}

async function partsOnSmallDisk(
  here: Here,
  services?: (at: FaultBench['at']) => object[],
): Promise<{ bench: FaultBench; disk: SmallDisk }> {
  const bench = await given(here, (at) => (services ? { services: services(at) } : {}));
  await cp(bench.at('team-ml'), bench.at('aside'), { recursive: true });
  const disk = await mountSmallDisk(here, bench.at('team-ml'), { kind: 'ext4', megabytes: 32 });
  await cp(bench.at('aside'), bench.at('team-ml'), { recursive: true });
  return { bench, disk };
}
