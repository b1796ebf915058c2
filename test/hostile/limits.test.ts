import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test as anyTest, type TestContext, vi } from 'vitest';
import type { Backup } from '../../src/records/backup.ts';
import type { Operation } from '../../src/records/operation.ts';
import { compare, walk } from '../walker.ts';
import { canMount } from '../workspace/local/bench.ts';
import { type HostileWish, type HostileWorld, makeHostileWorld } from './hostile-world.ts';
import { createTable } from './table.ts';

vi.setConfig({ testTimeout: 120_000 });
const test = anyTest.skipIf(process.getuid?.() !== 0);
const table = createTable('Hostile data: what cannot be copied whole, or not be moved');
const parts = { warm: { capture: 'two-pass' }, cold: { capture: 'cold' } } as const;
const PARTS = Object.entries(parts);

async function given(
  here: Pick<TestContext, 'onTestFinished'>,
  wish: Partial<HostileWish> = {},
): Promise<HostileWorld> {
  const world = await makeHostileWorld({ parts, ...wish });
  here.onTestFinished(() => world.dispose());
  return world;
}

const sh = (cwd: string, script: string) => execFileSync('sh', ['-euc', script], { cwd, encoding: 'utf8' });
/** Makes folders until the path of the last one has this many bytes, and a file of three letters in it. */
const deepen = (bytes: number) => `echo x >shallow; perl -e '
  my ($length, $all) = (length $ENV{PWD}, ${bytes});
  while ($length < $all) {
    my $more = $all - $length - 1; $more = $more < 220 ? 100 : 200 if $more > 200;
    my $name = "d" x $more; mkdir $name or die $!; chdir $name or die $!; $length += 1 + $more;
  }
  open(my $end, ">", "end") or die $!; print $end "x"'`;

const statusOf = ({ status, error }: Operation) => error?.code ?? status;
const lossOf = (backup: Backup | undefined, part: string) =>
  backup?.parts
    .find(({ name }) => name === part)
    ?.unreadable.map(({ path, accepted, tooDeep }) => [path.slice(0, 6), accepted, tooDeep ?? false]);

for (const { row, bytes, tooDeep } of [
  { row: 'a path deeper than PATH_MAX', bytes: 4_400, tooDeep: false },
  { row: 'a path that fits, but not beside the live data', bytes: 4_080, tooDeep: true },
]) {
  test.concurrent(`${row} makes a backup incomplete, which says so`, async (here) => {
    const { expect } = here;
    const world = await given(here);
    for (const [part] of PARTS) sh(world.at(part), deepen(bytes));
    const ended = await world.backUp();
    const backup = await world.backupOf(ended);
    for (const [part, { capture }] of PARTS) {
      const named = lossOf(backup, part)?.some(([path]) => path === 'dddddd') ? 'named' : 'not named';
      const seen = `${backup?.status}, ${named}; services ${(await world.areServicesUp()) ? 'up' : 'down'}`;
      table.add({ row, capture, expected: 'incomplete, named; services up', seen });
      expect(seen).toBe('incomplete, named; services up');
      expect(lossOf(backup, part)).toContainEqual(['dddddd', false, true]);
      expect(lossOf(backup, part)?.every(([, , deep]) => deep)).toBe(tooDeep);
    }
    expect(ended.error).toMatchObject({ code: 'backup-incomplete', message: expect.stringContaining('warm/dddd') });
    expect(ended.error?.message.length).toBeLessThan(2_000);
  });
}

const CLOSED =
  'echo x >open; mkdir closed; echo y >closed/inside; echo z >own; chown 1234 own; chmod 0600 own; chmod 0 closed';
for (const accepted of [false, true]) {
  const row = `a closed folder and a file of another owner, as a plain user${accepted ? ', accepted' : ''}`;
  test.concurrent(row, async (here) => {
    const { expect } = here;
    const policy = accepted ? { acceptUnreadable: ['closed', 'closed/**', 'own'] } : {};
    const world = await given(here, { isPlainUser: true, policy });
    for (const [part] of PARTS) sh(world.at(part), CLOSED);
    const ended = await world.backUp();
    const backup = await world.backupOf(ended);
    const verified = accepted ? `, ${statusOf(await world.verify(ended))}` : '';
    const expected = accepted ? 'completed, succeeded; services up' : 'incomplete; services up';
    for (const [part, { capture }] of PARTS) {
      const seen = `${backup?.status}${verified}; services ${(await world.areServicesUp()) ? 'up' : 'down'}`;
      table.add({ row, capture, expected, seen });
      expect(seen).toBe(expected);
      expect(lossOf(backup, part)?.toSorted()).toEqual([
        ['closed', accepted, false],
        ['own', accepted, false],
      ]);
    }
    expect(statusOf(ended)).toBe(accepted ? 'succeeded' : 'backup-incomplete');
  });
}

/** Backs up, makes something that cannot be moved, restores: nothing may have changed, and services are up. */
async function cannotMove(
  here: Pick<TestContext, 'expect' | 'onTestFinished'>,
  row: string,
  flag: string,
  immovable: string,
) {
  const { expect } = here;
  const world = await given(here);
  const isMounted = immovable.includes('/');
  if (isMounted) {
    execFileSync('mount', ['--bind', world.at('cold'), world.at('cold')]);
    here.onTestFinished(() => void execFileSync('umount', [world.at('cold')]));
  }
  for (const [part] of PARTS) sh(world.at(part), 'for name in a b c; do mkdir $name; echo x >$name/file; done');
  const backup = await world.backUp();
  expect(statusOf(backup)).toBe('succeeded');
  for (const [part] of PARTS) sh(world.at(part), 'echo changed >b/file');
  const before = await Promise.all(PARTS.map(([part]) => walk(world.at(part))));
  execFileSync('chattr', [flag, world.at(immovable)]);
  const restored = await world.restore(backup);
  const after = await Promise.all(PARTS.map(([part]) => walk(world.at(part))));
  // Our folder lay in the mount point and is gone again: that alone gives the mount point itself another time.
  const differences = before.flatMap((tree, index) => compare(tree, after[index] ?? tree));
  const isSame = differences.every((said) => isMounted && said.startsWith('.: time of change'));
  const left = [world.root, world.at('cold')]
    .flatMap((place) => readdirSync(place))
    .filter((name) => name.startsWith('.cml-op_'));
  const up = (await world.areServicesUp()) ? 'up' : 'down';
  const seen = `${restored.status}; data ${isSame ? 'as it was' : 'changed'}; services ${up}; ${left.length} left behind`;
  const expected = 'failed; data as it was; services up; 0 left behind';
  table.add({ row, capture: 'restore', expected, seen });
  expect(seen).toBe(expected);
}

for (const flag of ['+i', '+a']) {
  const row = `a part whose own folder is ${flag === '+i' ? 'immutable' : 'append-only'}`;
  test.concurrent(`restore leaves all as it was: ${row}`, (here) => cannotMove(here, row, flag, 'warm'));
}
(canMount ? test : anyTest.skip)('restore leaves all as it was: an immutable folder in a mount point', (here) =>
  cannotMove(here, 'an immutable folder right in a mount point', '+i', 'cold/b'),
);

test(`keeps as many entries in one folder as are asked for`, async (here) => {
  const { expect } = here;
  const entries = Number(process.env.HOSTILE_ENTRIES ?? 5_000);
  const world = await given(here, { policy: { downtimeBudget: '30m' } });
  for (const [part] of PARTS)
    sh(world.at(part), `mkdir all; cd all; seq -f 'entry %07.0f' ${entries} | tr '\\n' '\\0' | xargs -0 touch`);
  const picture = (part: string) =>
    sh(world.at(part), "find . -printf '%P %y %m %U %G %T@ %n\\0' | sort -z | sha256sum");
  const before = PARTS.map(([part]) => picture(part));
  const backup = await world.backUp();
  expect(backup.error).toBeUndefined();
  const restored = await world.restore(backup);
  const after = PARTS.map(([part]) => picture(part));
  const took = (operation: Operation) =>
    Math.round((Date.parse(operation.endedAt ?? '') - Date.parse(operation.startedAt)) / 1000);
  const downMs = (await world.backupOf(backup))?.downtimeMs ?? 0;
  const numbers = `backup ${took(backup)} s with services down for ${downMs} ms, restore ${took(restored)} s`;
  await world.sweep();
  for (const [index, [, { capture }]] of PARTS.entries()) {
    const seen = after[index] === before[index] ? 'identical' : 'different';
    table.add({
      row: `${entries.toLocaleString('en')} entries in one folder`,
      capture,
      expected: 'identical',
      seen: `${seen}; ${numbers}`,
    });
  }
  expect(statusOf(restored)).toBe('succeeded');
  expect(after).toEqual(before);
  expect(readdirSync(world.root).filter((name) => name.startsWith('.cml-op_'))).toEqual([]);
}, 7_200_000);
