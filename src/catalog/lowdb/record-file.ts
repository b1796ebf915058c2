import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Adapter, Low } from 'lowdb';
import { z } from 'zod';
import { halfWritten, writeDurably } from '../../durable-file.ts';
import { catalogFailure, systemCodeOf, translated } from './failure.ts';

/** What stands in the file is not a record of ours that this release can read. Never leaves this folder. */
export class UnreadableRecord extends Error {}

/** The newest schema this release writes; a later one may have changed anything, so it is not guessed at. */
const NEWEST_SCHEMA = 1;
const versioned = z.object({ schema: z.number() });

/** The file's own fault, so that waiting does not help: a folder in its place, no permission, a damaged disk. */
const FILE_FAULTS = new Set(['EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'EIO', 'EUCLEAN', 'ENOTDIR']);

/** Reads the record that must stand under this id. @throws UnreadableRecord saying what is wrong with the text. */
export function readRecord<T extends { id: string }>(text: string, id: string, schema: z.ZodType<T>): T {
  const value = parseJson(text);
  const version = versioned.safeParse(value);
  if (!version.success) throw new UnreadableRecord('it is not one of our records');
  if (version.data.schema > NEWEST_SCHEMA) {
    throw new UnreadableRecord(`it was written by a newer release (schema ${version.data.schema})`);
  }
  const read = schema.safeParse(value);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new UnreadableRecord(`it is not a whole record: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  if (read.data.id !== id) throw new UnreadableRecord(`it holds the record of ${read.data.id}`);
  return read.data;
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new UnreadableRecord('it is empty');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableRecord('it is torn or not JSON', { cause });
  }
}

/** One small lowdb document. A write has survived a power cut when it resolves; a read answers null when nothing is there. */
export function openRecordFile<T extends { id: string }>(
  path: string,
  id: string,
  schema: z.ZodType<T>,
): Low<T | null> {
  const adapter: Adapter<T | null> = {
    // Synchronously: for files this small it is many times quicker than four trips through the thread pool.
    read: async () => {
      const text = readText(path);
      return text === undefined ? null : readRecord(text, id, schema);
    },
    write: (record) => translated(`write ${id}`, () => writeText(path, `${JSON.stringify(record)}\n`)),
  };
  return new Low<T | null>(adapter, null);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = systemCodeOf(cause) ?? '';
    if (code === 'ENOENT') return undefined;
    if (FILE_FAULTS.has(code)) throw new UnreadableRecord(`it cannot be read (${code})`, { cause });
    throw catalogFailure(`read ${path}`, cause);
  }
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await writeDurably(path, text);
  } catch (cause) {
    // On a full disk the half-written file would hold the very room that is missing. Where even this fails, the next
    // start removes it; what has to be told is the first failure.
    await rm(halfWritten(path), { force: true }).catch(() => undefined);
    throw cause;
  }
}
