import { setTimeout as wait } from 'node:timers/promises';

/** Times in milliseconds. */
export interface Observation {
  readonly observedMs: number;
  readonly downMs: number;
}

/** Looks from outside, as a user would, whether a page answers; independent of what the product says about itself. */
export function observe(url: string): { end(): Promise<Observation> } {
  const startedAt = Date.now();
  let downMs = 0;
  let ended = false;
  const watching = watch();

  async function watch(): Promise<void> {
    let lookedAt = Date.now();
    while (!ended) {
      const isUp = await answers(url);
      const now = Date.now();
      if (!isUp) downMs += now - lookedAt;
      lookedAt = now;
      await wait(50);
    }
  }

  return {
    async end() {
      ended = true;
      await watching;
      return { observedMs: Date.now() - startedAt, downMs };
    },
  };
}

export async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // not answering is the observation
  }
}
