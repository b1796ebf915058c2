/** Numbers that are the same for the same seed. Source: mulberry32, public domain, Tommy Ettinger. */
export interface Chance {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number from 0 on, below the limit. */
  below(limit: number): number;
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}
