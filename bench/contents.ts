import type { Chance } from './chance.ts';

export interface Contents {
  /** A small file: 12 % of them cannot be compressed, the rest reads like code. */
  small(bytes: number): Buffer;
  /** A piece of a large file. */
  block(bytes: number, isRandom: boolean): Buffer;
}

const POOL = 16 * 1024 * 1024;
/** Bytes between two pieces of noise: no two blocks are alike, so that the repository stores each. */
const NOISE_EVERY = 32 * 1024;

/** Cut from two pools, since making every byte anew would take longer than what is measured. */
export function createContents(chance: Chance): Contents {
  const random = randomPool(chance);
  const text = textPool(chance);
  const piece = (bytes: number, isRandom: boolean): Buffer => {
    const from = chance.below(POOL - bytes);
    return Buffer.from((isRandom ? random : text).subarray(from, from + bytes));
  };
  return {
    small(bytes) {
      const made = piece(bytes, chance.next() < 0.12);
      made.write(noise(chance));
      return made;
    },
    block(bytes, isRandom) {
      const made = piece(bytes, isRandom);
      for (let at = 0; at < bytes; at += NOISE_EVERY) made.write(noise(chance), at);
      return made;
    },
  };
}

function noise(chance: Chance): string {
  return `# ${chance.below(2 ** 32).toString(16)}${chance.below(2 ** 32).toString(16)}\n`;
}

function randomPool(chance: Chance): Buffer {
  const pool = new Uint32Array(POOL / 4);
  for (let at = 0; at < pool.length; at++) pool[at] = chance.next() * 2 ** 32;
  return Buffer.from(pool.buffer);
}

const WORDS =
  'def return import from class self for in if else None True lambda data model train loss batch epoch'.split(' ');

function textPool(chance: Chance): Buffer {
  const pool = Buffer.alloc(POOL, 10);
  for (let at = 0; at < POOL - 32; ) {
    const number = chance.next();
    const word = number < 0.7 ? WORDS[chance.below(WORDS.length)] : `v_${chance.below(4_096).toString(36)}`;
    at += pool.write(`${word}${number < 0.12 ? '\n    ' : ' '}`, at, 'latin1');
  }
  return pool;
}
