import { appendFileSync, mkdirSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../durable-file.ts';
import { systemCodeOf } from './failure.ts';

/** Grows with every change of what an entry holds: lines of another version are passed over, and their records read. */
const VERSION = 2;
const NEWLINE = 0x0a;
/** Lines written at once: all of them would take more memory than what is kept of the records. */
const PIECE = 1_000;

/** An entry, and what the record's file looked like when it was taken from it. */
export interface IndexLine<E> {
  readonly stamp: string;
  readonly entry: E;
}

export interface IndexFile<E> {
  /**
   * Hands over every line that can be read, in order: of a record that was written often there are many. Answers how many
   * lines there are; undefined when some are torn or of another version.
   */
  read(use: (line: IndexLine<E>) => void): Promise<number | undefined>;
  append(line: IndexLine<E>): void;
  rewrite(entries: readonly E[], lineOf: (entry: E) => IndexLine<E>): Promise<void>;
}

/**
 * What lists need of each record, so that a start need not read them all. A line is appended after each write of a record
 * and is believed only while the record's file still looks the same, so this file may be lost, torn or old at any time: it
 * only saves time. That is why a failure to read or write it is passed over: the records are then read instead.
 */
export function createIndexFile<E extends { readonly id: string }>(path: string, schema: z.ZodType<E>): IndexFile<E> {
  const line = z.tuple([z.literal(VERSION), z.string(), schema]);
  let isTorn = false;

  function readLine(text: string): IndexLine<E> | undefined {
    const read = line.safeParse(jsonOf(text));
    return read.success ? { stamp: read.data[1], entry: read.data[2] } : undefined;
  }

  return {
    async read(use) {
      let count = 0;
      let isWhole = true;
      const isEnded = await eachLine(path, (text) => {
        const read = readLine(text);
        if (read) use(read);
        else isWhole = false;
        count += 1;
      });
      return isWhole && isEnded ? count : undefined;
    },
    append(line) {
      const text = textOf(line);
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        appendFileSync(path, isTorn ? `\n${text}` : text, { mode: 0o600 });
        isTorn = false;
      } catch {
        isTorn = true; // half a line may stand there
      }
    },
    async rewrite(entries, lineOf) {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeDurably(
          path,
          inPieces(entries, (entry) => textOf(lineOf(entry))),
        );
      } catch {
        // The next start reads the records once more.
      }
    },
  };
}

/** A piece at a time, so that others run in between. Answers whether the last line was ended. */
async function eachLine(path: string, use: (text: string) => void): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return true;
  try {
    let rest = Buffer.alloc(0);
    for await (const piece of file.createReadStream({ autoClose: false })) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
        use(bytes.toString('utf8', from, end));
        from = end + 1;
      }
      rest = bytes.subarray(from);
    }
    return rest.length === 0;
  } catch (cause) {
    if (systemCodeOf(cause) === undefined) throw cause;
    return false;
  } finally {
    await file.close();
  }
}

/** Entries may come and go between two pieces: one that is written twice or not at all costs a look at its record. */
function* inPieces<E>(entries: readonly E[], write: (entry: E) => string): Generator<string> {
  for (let from = 0; from < entries.length; from += PIECE) {
    yield entries
      .slice(from, from + PIECE)
      .map(write)
      .join('');
  }
}

function textOf({ stamp, entry }: IndexLine<unknown>): string {
  return `${JSON.stringify([VERSION, stamp, entry])}\n`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
