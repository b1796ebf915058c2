import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';

/**
 * Runs two sides of a pair, one after the other; answers them in the order given, whichever went first. Before each,
 * disks come to rest: what the side before wrote or removed must not be paid for by this one.
 *
 * @param before done before each side, such as removing what the side before left
 */
export async function inTurns<One, Other>(
  oneFirst: boolean,
  one: () => Promise<One>,
  other: () => Promise<Other>,
  before: () => Promise<void> = async () => {},
): Promise<[One, Other]> {
  const rest = async () => {
    await before();
    await awaitIdleDisks();
  };
  await rest();
  if (oneFirst) {
    const done = await one();
    await rest();
    return [done, await other()];
  }
  const done = await other();
  await rest();
  return [await one(), done];
}

const LOOK_MS = 250;
const LONGEST_MS = 10_000;

/** Until no disk has done anything for a quarter of a second; other programs may write all the time, so not for ever. */
async function awaitIdleDisks(): Promise<void> {
  await execa('sync');
  const until = Date.now() + LONGEST_MS;
  for (let before = finishedRequests(); Date.now() < until; ) {
    await wait(LOOK_MS);
    const now = finishedRequests();
    if (now === before) return;
    before = now;
  }
}

/** Reads, writes, discards and flushes of all devices. Source: kernel Documentation/admin-guide/iostats.rst. */
function finishedRequests(): number {
  const counted = [3, 7, 14, 18];
  return readFileSync('/proc/diskstats', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .reduce((sum, fields) => sum + counted.reduce((own, at) => own + Number(fields[at] ?? 0), 0), 0);
}
