import { hash } from 'node:crypto';
import { FACTS, type TreeEntry } from './tree-entry.ts';

const BUCKETS = 65_536;
/** Enough to name some differences of two trees that have little in common. */
const MOST_BUCKETS = 64;

/**
 * A sum over all entries of a tree that does not depend on their order, so that a million need no more memory than one:
 * each is added to one of 65,536 sums, by its path. Sums are of 64 bits. Only of each file with several names
 * one is kept, about 300 bytes.
 */
export interface TreeTally {
  add(entry: TreeEntry): void;
  /** Call once, when all entries were added. */
  end(): { readonly entries: number; readonly sums: Uint32Array };
}

export function createTally(): TreeTally {
  const sums = new Uint32Array(2 * BUCKETS);
  const links = createLinks();
  let entries = 0;
  const put = (path: string, text: string) => {
    const sum = hash('sha1', `${path}\0${text}`, 'buffer');
    const at = 2 * bucketOf(path);
    sums[at] = (sums[at] ?? 0) + sum.readUInt32LE(0);
    sums[at + 1] = (sums[at + 1] ?? 0) + sum.readUInt32LE(4);
  };
  return {
    add(entry) {
      entries += 1;
      put(entry.path, entry.facts.join('\0'));
      links.add(entry);
    },
    end() {
      links.tell((first, others) => put(first, `\0${others}`));
      return { entries, sums };
    },
  };
}

type Ended = ReturnType<TreeTally['end']>;

/** The parts of two trees that differ; empty when the trees are the same. */
export function differingBuckets({ sums: one }: Ended, { sums: other }: Ended): ReadonlySet<number> {
  const differing = new Set<number>();
  for (const [at, sum] of one.entries()) if (sum !== other[at]) differing.add(at >> 1);
  return new Set([...differing].slice(0, MOST_BUCKETS));
}

/** Keeps the entries of some buckets, so that they can be compared one by one. */
export function createGleaning(buckets: ReadonlySet<number>) {
  const kept = new Map<string, readonly string[]>();
  const links = createLinks();
  return {
    add(entry: TreeEntry): void {
      if (buckets.has(bucketOf(entry.path))) kept.set(entry.path, [...entry.facts, 'none']);
      links.add(entry);
    },
    end(): ReadonlyMap<string, readonly string[]> {
      links.tell((first, others) => {
        const facts = kept.get(first);
        if (facts) kept.set(first, [...facts.slice(0, -1), others]);
      });
      return kept;
    },
  };
}

/** One sentence for each entry that differs. `shown` turns an entry's path into the one that people know. */
export function* tellDifferences(
  copy: ReadonlyMap<string, readonly string[]>,
  disk: ReadonlyMap<string, readonly string[]>,
  shown: (path: string) => string,
): Generator<string> {
  for (const [path, facts] of copy) {
    const found = disk.get(path);
    const wrong = FACTS.flatMap((fact, at) =>
      found && facts[at] !== found[at] ? [`${fact} was ${say(facts[at])}, is ${say(found[at])}`] : [],
    );
    if (!found) yield `${name(shown(path))} is missing`;
    else if (wrong.length > 0) yield `${name(shown(path))}: ${wrong.join(', ')}`;
  }
  for (const path of disk.keys()) if (!copy.has(path)) yield `${name(shown(path))} is not in the copy`;
}

/** Times as people write them, and no line break as it is. */
function say(fact = ''): string {
  const [, seconds, fraction] = /^(-?\d+)\.(\d{9})$/.exec(fact) ?? [];
  const time = new Date(Number(seconds) * 1000);
  if (!Number.isNaN(time.getTime())) return `${time.toISOString().slice(0, -5)}.${fraction}Z`;
  return name(fact) === `"${fact}"` ? fact || 'none' : name(fact);
}

/** Names of files may hold line breaks and worse. */
const name = (path: string) => JSON.stringify(path);

interface Names {
  first: string;
  count: number;
  low: number;
  high: number;
}

/**
 * Which paths are names of one file. All of them are summed up, and the first one, in order, speaks for them: of the others
 * nothing is kept.
 */
function createLinks() {
  const files = new Map<string, Names>();
  return {
    add({ path, file }: TreeEntry): void {
      if (file === undefined) return;
      const names = files.get(file) ?? { first: path, count: 0, low: 0, high: 0 };
      const sum = hash('sha1', path, 'buffer');
      names.first = path < names.first ? path : names.first;
      names.count += 1;
      names.low = (names.low + sum.readUInt32LE(0)) >>> 0;
      names.high = (names.high + sum.readUInt32LE(4)) >>> 0;
      files.set(file, names);
    },
    /** A file whose other names are elsewhere has but one here. */
    tell(one: (first: string, others: string) => void): void {
      for (const { first, count, low, high } of files.values()) {
        if (count > 1) one(first, `to ${count - 1} others (${high.toString(16)}${low.toString(16)})`);
      }
    },
  };
}

/** FNV-1a, folded: spreads paths evenly and takes a tenth of the time of a real hash. */
function bucketOf(path: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < path.length; at += 1) value = Math.imul(value ^ path.charCodeAt(at), 0x01000193);
  return (value ^ (value >>> 16)) & (BUCKETS - 1);
}
