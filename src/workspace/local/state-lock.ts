import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { PortError } from '../../errors.ts';
import { identify, isAlive, type ProcessIdentity, processIdentity } from '../../process-identity.ts';
import { codeOf } from '../system-error.ts';
import { sendSignal } from './find-processes.ts';

/** Held by one flow of one process at a time, for sections of a few milliseconds to seconds. Never nested. */
export interface StateLock {
  /** @throws PortError `platform-unavailable` (retryable) when it is not given in time. */
  hold<T>(work: () => Promise<T>): Promise<T>;
}

interface StateLockOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** How long to wait for a living owner. */
  readonly waitMs: number;
  /**
   * Kill a living owner that does not give the lock in time. Only for the guard once its time has come: the owner is
   * then stuck in the middle of a start or a swap past every limit (hung storage, a stopped process), services are
   * down because of it, and it may wake up later and go on renaming under services that run. A killed owner cannot.
   */
  readonly fence: boolean;
  /** Called with the lock held, when the one that held it before died with it: what it was writing is half written. */
  readonly afterDeath?: () => Promise<void>;
}

/** A dead owner's child may have been forked and not yet carry the marks by which it is found. */
const FORK_TO_EXEC_MS = 100;
/** A process that storage holds inside the kernel cannot be killed; then people must know. One a second. */
const MOST_KILLS = 10;

/**
 * Owners are numbered files: the highest number holds the lock, unless it is empty (given back) or its owner is dead.
 * The successor makes the next number by link(2), which only one can; so a dead owner is followed by exactly one, which
 * removing and making again one file cannot promise. The highest file always stays.
 */
export function createStateLock(options: StateLockOptions): StateLock {
  const folder = join(options.folder, 'lock');
  return {
    async hold(work) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const draft = join(folder, `draft-${process.pid}-${randomUUID()}`);
      try {
        await writeFile(draft, JSON.stringify(identify(process.pid)), { mode: 0o600 });
        const { number, isAfterDeath } = await takeTurn(folder, draft, options);
        try {
          if (isAfterDeath) await options.afterDeath?.();
          return await work();
        } finally {
          await truncate(join(folder, String(number)), 0);
        }
      } finally {
        await rm(draft, { force: true });
      }
    },
  };
}

interface Turn {
  readonly number: number;
  readonly isAfterDeath: boolean;
}

async function takeTurn(folder: string, draft: string, options: StateLockOptions): Promise<Turn> {
  const { clock } = options;
  let waitedMs = 0;
  let kills = 0;
  for (;;) {
    const highest = await highestNumber(folder);
    const owner = await ownerOf(folder, highest);
    if (owner === undefined || !isAlive(owner)) {
      if (owner !== undefined) await clock.sleep(FORK_TO_EXEC_MS);
      const number = highest + 1;
      if (await succeed(folder, draft, number)) return { number, isAfterDeath: owner !== undefined };
      continue;
    }
    if (waitedMs >= options.waitMs) {
      if (!options.fence || owner.pid === process.pid) throw notGiven(owner);
      if (kills >= MOST_KILLS) throw notGiven(owner);
      kills += 1;
      sendSignal(owner, 'SIGKILL');
      waitedMs -= 1_000;
    }
    await clock.sleep(20);
    waitedMs += 20;
  }
}

async function succeed(folder: string, draft: string, number: number): Promise<boolean> {
  try {
    await link(draft, join(folder, String(number)));
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
  // Someone slow may make a number that has been and gone; the higher one that is kept says so.
  if ((await highestNumber(folder)) !== number) {
    await rm(join(folder, String(number)), { force: true });
    return false;
  }
  for (const older of await numbers(folder)) {
    if (older < number) await rm(join(folder, String(older)), { force: true });
  }
  await removeDeadDrafts(folder);
  return true;
}

async function removeDeadDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^draft-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !identify(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

async function numbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function highestNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await numbers(folder)));
}

async function ownerOf(folder: string, number: number): Promise<ProcessIdentity | undefined> {
  try {
    const parsed = processIdentity.safeParse(JSON.parse(await readFile(join(folder, String(number)), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // none, given back, or followed by a higher number meanwhile: all mean "look again"
  }
}

function notGiven(owner: ProcessIdentity): PortError {
  return new PortError('platform-unavailable', `process ${owner.pid} holds the workspace's lock and does not give it`, {
    retryable: true,
    hint: `look at process ${owner.pid}; the lock is free as soon as it ends`,
  });
}
