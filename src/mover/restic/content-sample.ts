import { hash } from 'node:crypto';
import type { ContentShare } from '../mover.ts';
import { literal } from './restic.ts';
import type { TreeEntry } from './tree-entry.ts';

/** What of the places one share of all content is. */
export interface Sample {
  /** Of everything there is, in any order, as often as one likes. */
  add(entry: TreeEntry): void;
  /** Patterns of it below a place, none when nothing of the place is in this share; undefined: the whole place is. */
  of(place: number): readonly string[] | undefined;
}

/** Where all names of a depth are longer than this for each share, a share would be too long a command: 128 kB is the limit. */
const MOST_BYTES = 32_768;
const LIMIT_BYTES = 100_000;
/** The deeper, the more even are the shares; a project of a shared folder stands in the first or second folder. */
const DEPTHS = [2, 1] as const;

/**
 * Shares are made of whole folders, or files that lie above: restic is told their names, and for a name of each of a million
 * files it would take hours. Each name is in one share, by a hash of it, so that all shares are all content.
 */
export function createSample({ share, of }: ContentShare): Sample {
  const units = new Map<string, { readonly names: Set<string>; bytes: number }>();
  const most = MOST_BYTES * of;

  function note(key: string, name: string): void {
    const unit = units.get(key) ?? { names: new Set<string>(), bytes: 0 };
    units.set(key, unit);
    if (unit.bytes > most || unit.names.has(name)) return;
    unit.names.add(name);
    unit.bytes += Buffer.byteLength(name);
  }

  return {
    add({ path, facts: [kind] }) {
      if (kind !== 'file') return;
      const [place = '', ...below] = path.split('/');
      for (const depth of DEPTHS) note(`${place} ${depth}`, below.slice(0, depth).join('/'));
    },
    of(place) {
      for (const depth of DEPTHS) {
        const unit = units.get(`${place} ${depth}`);
        if (!unit) return []; // no file has any content
        if (unit.bytes > most) continue;
        const chosen = [...unit.names].filter((name) => shareOf(name, of) === share);
        const bytes = chosen.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
        return bytes > LIMIT_BYTES ? undefined : chosen.map(patternOf);
      }
      return undefined;
    },
  };
}

function shareOf(name: string, of: number): number {
  return hash('sha1', name, 'buffer').readUInt32LE(0) % of;
}

/** For a byte that is no UTF-8, which names show as U+FFFD, any will do. */
function patternOf(name: string): string {
  return `/${literal(name).replaceAll('\ufffd', '?')}`;
}
