import { cp, mkdir, rm } from 'node:fs/promises';
import { expect } from 'vitest';
import { type FaultBench, given, type Here } from './fault-bench.ts';
import { hasStopped, judge } from './judge.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { type Row, tell } from './table.ts';

type Kind = Parameters<typeof mountSmallDisk>[2];

/** A bench whose repository, data folder or parts are on a small disk of their own. */
async function onSmallDisk(
  here: Here,
  place: 'repository' | 'cml-data' | 'team-ml' | 'cml-data/backups',
  kind: Kind,
  make: Parameters<typeof given>[1] = {},
): Promise<{ bench: FaultBench; disk: SmallDisk }> {
  const bench = await given(here, make);
  const aside = `${bench.at('aside')}`;
  await mkdir(bench.at(place), { recursive: true });
  await cp(bench.at(place), aside, { recursive: true, preserveTimestamps: true });
  const disk = await mountSmallDisk(here, bench.at(place), kind);
  await cp(aside, bench.at(place), { recursive: true, preserveTimestamps: true });
  await rm(aside, { recursive: true });
  return { bench, disk };
}

/** Holds restic at a call of a backup, fills the disk, lets go. Answers how it ended. */
async function fillDuring(bench: FaultBench, disk: SmallDisk, call: string) {
  const held = await bench.hold(call);
  const client = bench.begin(['backup', 'team-ml', '--json']);
  await held.reached();
  disk.fill();
  await held.letGo();
  await client.ended;
}

async function worksWithRoom(bench: FaultBench, disk: SmallDisk, call: string): Promise<void> {
  await disk.free();
  await rm(bench.at('trouble', call), { force: true });
  const next = await bench.backUp();
  expect(next).toMatchObject({ status: 'succeeded' });
}

export const diskRows: readonly Row[] = [
  {
    fault: "the repository's disk is full while copying",
    injected: 'ext4 of 24 MB, used up while restic begins the pre-copy',
    expected: 'stops nothing, records nothing, and works once there is room',
    async play(here) {
      const { bench, disk } = await onSmallDisk(here, 'repository', { kind: 'ext4', megabytes: 24 });
      await bench.up();
      const pids = bench.pidsOf('web');
      const live = await bench.picture();
      await fillDuring(bench, disk, 'pre-copy');
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk-full' } });
      expect(bench.pidsOf('web')).toEqual(pids);
      const seen = await tell(bench, ended);
      // restic needs room even to forget: what it could not is said, and goes with the next backup or prune.
      expect(await judge(bench, { live, told: [/^a copy that no backup needs/] })).toEqual([]);
      await worksWithRoom(bench, disk, 'pre-copy');
      return seen;
    },
  },
  {
    fault: "the repository's disk fills up in the cut",
    injected: 'ext4 of 24 MB, used up while services are down',
    expected: 'starts services and says so',
    async play(here) {
      const { bench, disk } = await onSmallDisk(here, 'repository', { kind: 'ext4', megabytes: 24 });
      await bench.up();
      const live = await bench.picture();
      await fillDuring(bench, disk, 'delta');
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk-full' } });
      expect(hasStopped(ended)).toBe(true);
      const seen = await tell(bench, ended);
      expect(await judge(bench, { live, told: [/^a copy that no backup needs/] })).toEqual([]);
      await worksWithRoom(bench, disk, 'delta');
      return seen;
    },
  },
  {
    fault: "the repository's disk is full before the manifest is stored",
    injected: 'ext4 of 24 MB, used up after services came up again',
    expected: 'does not call it a backup',
    async play(here) {
      const { bench, disk } = await onSmallDisk(here, 'repository', { kind: 'ext4', megabytes: 24 });
      await bench.up();
      const live = await bench.picture();
      await fillDuring(bench, disk, 'manifest');
      const ended = await bench.settled();
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk-full' } });
      const seen = await tell(bench, ended);
      expect(await judge(bench, { live, told: [/^a copy that no backup needs/] })).toEqual([]);
      await worksWithRoom(bench, disk, 'manifest');
      return seen;
    },
  },
  {
    fault: "the data folder's disk is full while journalling",
    injected: 'ext4 of 32 MB, used up during the pre-copy',
    expected: 'stops nothing, ends for good, and is not taken up again at the next boot',
    async play(here) {
      const { bench, disk } = await onSmallDisk(here, 'cml-data', { kind: 'ext4', megabytes: 32 });
      const server = await bench.up();
      const pids = bench.pidsOf('web');
      const live = await bench.picture();
      await fillDuring(bench, disk, 'pre-copy');
      return endsForGood(bench, disk, server, live, () => expect(bench.pidsOf('web')).toEqual(pids));
    },
  },
  {
    fault: "the data folder's disk fills up in the cut",
    injected: 'ext4 of 32 MB, used up while services are down',
    expected: 'starts services from the room that was kept, ends for good, and calls nothing completed',
    async play(here) {
      const { bench, disk } = await onSmallDisk(here, 'cml-data', { kind: 'ext4', megabytes: 32 });
      const server = await bench.up();
      const live = await bench.picture();
      await fillDuring(bench, disk, 'delta');
      return endsForGood(bench, disk, server, live, () => undefined);
    },
  },
];

/** The disk stays full until after the server was killed and is there again. */
async function endsForGood(
  bench: FaultBench,
  disk: SmallDisk,
  server: Awaited<ReturnType<FaultBench['up']>>,
  live: Awaited<ReturnType<FaultBench['picture']>>,
  look: () => void,
): Promise<string> {
  const ended = await bench.settled();
  // In the cut restic's own last line found no room either; what it says then is as good.
  expect(ended).toMatchObject({
    status: 'failed',
    error: { code: expect.stringMatching(/^(disk-full|mover-unavailable)$/) },
  });
  look();
  server.kill('SIGKILL');
  await server.ended;
  const next = await bench.serve();
  const seen = await tell(bench, ended);
  expect(
    (await bench.operations('ended')).flatMap(({ journal }) => journal.filter(({ type }) => type === 'began')),
  ).toHaveLength(1);
  await disk.free();
  expect(await judge(bench, { live, told: [/^a copy that no backup needs/] })).toEqual([]);
  await rm(bench.at('trouble'), { recursive: true });
  await mkdir(bench.at('trouble'));
  expect(await bench.backUp()).toMatchObject({ status: 'succeeded' });
  next.kill('SIGTERM');
  await next.ended;
  return seen;
}
