import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../../log.ts';

/** Longer than Slack's window for signatures (5 minutes on either side) and its second tries. */
const KEPT_MS = 15 * 60_000;
const MOST = 20_000;

/**
 * Remembers what was delivered: a reconnect, a second try of Slack's, a replayed request or one that comes again to the next
 * life of the server never says a word twice. What is remembered is not lost with the process; only a power cut takes the
 * last seconds with it, and a machine is longer in coming back than Slack tries again.
 */
export interface Deliveries {
  /** True the first time. Written down before it is answered: what may have been done is not done again. */
  isNew(key: string): boolean;
}

export interface DeliveriesOptions {
  readonly path: string;
  readonly now: () => number;
  readonly log: Log;
}

export function createDeliveries({ path, now, log }: DeliveriesOptions): Deliveries {
  const seen = read(path, now(), log);
  let lines = Number.POSITIVE_INFINITY; // the first write makes the file anew, without what is old

  function forgetOld(at: number): void {
    for (const [old, when] of seen) {
      if (at - when < KEPT_MS && seen.size <= MOST) break; // oldest first
      seen.delete(old);
    }
  }

  function writeDown(key: string, at: number): void {
    try {
      if (lines < 2 * MOST) appendFileSync(path, lineOf(key, at), { mode: 0o600 });
      else lines = rewrite(path, seen);
      lines += 1;
    } catch (err) {
      log.warn({ err, path }, 'what Slack delivered could not be written down: it is known again in this life only');
    }
  }

  return {
    isNew(key) {
      const at = now();
      forgetOld(at);
      if (seen.has(key)) return false;
      seen.set(key, at);
      writeDown(key, at);
      return true;
    },
  };
}

const lineOf = (key: string, at: number) => `${JSON.stringify([at, key])}\n`;

/** Answers how many lines there are. */
function rewrite(path: string, seen: ReadonlyMap<string, number>): number {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, [...seen].map(([key, at]) => lineOf(key, at)).join(''), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return seen.size;
}

function read(path: string, now: number, log: Log): Map<string, number> {
  const seen = new Map<string, number>();
  try {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const [, at, key] = /^\[(\d+),("(?:[^"\\]|\\.)*")\]$/.exec(line) ?? []; // the last may be torn
      if (key !== undefined && now - Number(at) < KEPT_MS) seen.set(JSON.parse(key), Number(at));
    }
  } catch (err) {
    const isNone = err instanceof Error && 'code' in err && err.code === 'ENOENT';
    if (!isNone) log.warn({ err, path }, 'what Slack delivered to an earlier life could not be read');
  }
  return seen;
}
