import { parseArgs } from 'node:util';
import type { TreeSize } from './data.ts';

/** How much data each row works with. */
export interface Sizes {
  readonly name: 'small' | 'default' | 'full';
  readonly copies: TreeSize;
  /** From small to large: how much the stopped phase grows is told by the first and the last. */
  readonly downtime: readonly TreeSize[];
  readonly restore: readonly TreeSize[];
  readonly slowFiles: number;
  /** On the double of a cluster. */
  readonly clusterTree: TreeSize;
  readonly workspacesAtOnce: number;
}

const small: Sizes = {
  name: 'small',
  copies: { files: 600, bytes: 8e6 },
  downtime: [
    { files: 60, bytes: 130e3 },
    { files: 660, bytes: 8e6 },
  ],
  restore: [{ files: 600, bytes: 8e6 }],
  slowFiles: 300,
  clusterTree: { files: 60, bytes: 130e3 },
  workspacesAtOnce: 4,
};

/** The last is 11 times the files and 60 times the bytes of the first. */
const usual: Sizes = {
  name: 'default',
  copies: { files: 20_000, bytes: 500e6 },
  downtime: [
    { files: 1_818, bytes: 8.33e6 },
    { files: 6_000, bytes: 60e6 },
    { files: 20_000, bytes: 500e6 },
  ],
  restore: [
    { files: 1_818, bytes: 8.33e6 },
    { files: 20_000, bytes: 500e6 },
  ],
  slowFiles: 5_000,
  clusterTree: { files: 1_000, bytes: 20e6 },
  workspacesAtOnce: 200,
};

const full: Sizes = {
  name: 'full',
  copies: { files: 100_000, bytes: 5e9 },
  downtime: [
    { files: 10_000, bytes: 83.3e6 },
    { files: 100_000, bytes: 900e6 },
    { files: 300_000, bytes: 5e9 },
  ],
  restore: [
    { files: 10_000, bytes: 83.3e6 },
    { files: 100_000, bytes: 5e9 },
  ],
  slowFiles: 10_000,
  clusterTree: { files: 10_000, bytes: 200e6 },
  workspacesAtOnce: 200,
};

export interface Options {
  readonly sizes: Sizes;
  readonly pairs: number;
  readonly seed: number;
  /** Words of rows; empty means all. */
  readonly only: readonly string[];
  /** Folder for RESULTS.md and its pictures. */
  readonly out: string;
}

export const USAGE = `npm run bench -- [--small | --full] [--only <row>]... [--pairs <count>] [--seed <number>] [--out <folder>]
Writes bench/RESULTS.md with its pictures; a run that is not whole (--small, --only) writes to .cache/bench instead.`;

/** @throws Error with a sentence when a line makes no sense. */
export function readOptions(words: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      small: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      pairs: { type: 'string' },
      seed: { type: 'string', default: '7' },
      out: { type: 'string' },
    },
  });
  if (values.small && values.full) throw new Error('it is either --small or --full');
  const only = values.only.flatMap((word) => word.split(','));
  const unknown = only.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`there is no row "${unknown}"; there are: ${known.join(', ')}`);
  return {
    sizes: values.small ? small : values.full ? full : usual,
    pairs: readCount('--pairs', values.pairs ?? (values.small ? '1' : '5')),
    seed: readCount('--seed', values.seed),
    only,
    out: values.out ?? (values.small || only.length > 0 ? '.cache/bench' : 'bench'),
  };
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${name} is a whole number, at least 1`);
  return count;
}
