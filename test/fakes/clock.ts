import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

/** Time that only moves when it is told to, or when everything waits for it. */
export interface VirtualTime {
  now(): number;
  /** Time passes; what became due rings the next time everything waits. */
  pass(ms: number): void;
  /** A clock whose timers never ring again once `isDead` says so. */
  clock(isDead?: () => boolean): Clock;
  /** Rings at `at` whatever life there is; answers how to take it back. */
  alarm(at: number, ring: () => void): () => void;
  /** Lets everything run, jumping to the next timer whenever nothing else can happen, until the promise settles. */
  drive(until: Promise<unknown>): Promise<'settled' | 'stuck'>;
}

export function createVirtualTime(start: string): VirtualTime {
  let now = Date.parse(start);
  const timers = new Set<Timer>();

  function add(at: number, ring: () => void): Timer {
    const timer = { at, ring };
    timers.add(timer);
    return timer;
  }

  function ringNext(): boolean {
    let next: Timer | undefined;
    for (const timer of timers) if (!next || timer.at < next.at) next = timer;
    if (!next) return false;
    timers.delete(next);
    now = Math.max(now, next.at);
    next.ring();
    return true;
  }

  function sleep(ms: number, signal: AbortSignal | undefined, isDead: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (isDead()) return;
      if (signal?.aborted) return reject(signal.reason);
      const giveUp = () => {
        timers.delete(timer);
        if (!isDead()) reject(signal?.reason);
      };
      const timer = add(now + ms, () => {
        signal?.removeEventListener('abort', giveUp);
        if (!isDead()) resolve();
      });
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  return {
    now: () => now,
    pass(ms) {
      now += ms;
    },
    clock: (isDead = () => false) => ({
      now: () => new Date(now),
      sleep: (ms, signal) => sleep(ms, signal, isDead),
    }),
    alarm(at, ring) {
      const timer = add(at, ring);
      return () => timers.delete(timer);
    },
    async drive(until) {
      let isSettled = false;
      const settle = () => {
        isSettled = true;
      };
      until.then(settle, settle);
      for (;;) {
        await new Promise(setImmediate);
        if (isSettled) return 'settled';
        if (!readsFiles() && !ringNext()) return 'stuck';
      }
    },
  };
}

/** Real files are read and written in between: as long as that goes on, nothing waits for time. */
function readsFiles(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq') || resource === 'CloseReq');
}
