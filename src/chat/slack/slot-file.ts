import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { writeDurably } from '../../durable-file.ts';

/** Lines in a file that is only added to, and now and then written anew: one more costs the same however many there are. */
export interface SlotFile {
  /** What an earlier life left, oldest first. */
  readonly lines: readonly string[];
  /**
   * Resolves when these lines would survive a crash. `all` answers what the file would hold without what later lines have
   * overtaken, which are `count` lines.
   */
  append(added: readonly string[], count: number, all: () => readonly string[]): Promise<void>;
  /** What stands there is not to be relied on: the next append writes all of it anew. */
  renew(): void;
}

/** So many overtaken lines are kept before the file is written anew. */
const MOST_OVERTAKEN = 2_000;

export function openSlotFile(path: string): SlotFile {
  const text = readIfThere(path);
  const lines = text.split('\n');
  // A line without an end was being written when the process died: nobody was told that it is kept.
  const torn = lines.pop() ?? '';
  let written = lines.length;
  let isWhole = text !== '' && torn === '';

  async function rewrite(all: readonly string[]): Promise<void> {
    await writeDurably(path, inLines(all));
    written = all.length;
    isWhole = true;
  }

  return {
    lines,
    async append(added, count, all) {
      if (!isWhole || written > count + MOST_OVERTAKEN) return rewrite(all());
      isWhole = false; // until all of it stands there: a disk that is full may leave half a line
      const file = await open(path, 'a', 0o600);
      try {
        await file.writeFile(inLines(added));
        await file.datasync();
      } finally {
        await file.close();
      }
      written += added.length;
      isWhole = true;
    },
    renew() {
      isWhole = false;
    },
  };
}

function inLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
