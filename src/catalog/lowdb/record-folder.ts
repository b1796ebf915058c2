import { existsSync, opendirSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { syncFolder } from '../../durable-file.ts';
import { explain } from '../../errors.ts';
import { catalogFailure, systemCodeOf, translated } from './failure.ts';
import { createOneAtATime, type OneAtATime } from './one-at-a-time.ts';
import { openRecordFile, readRecord, UnreadableRecord } from './record-file.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** About two milliseconds of looking at records. */
const NAMES_AT_ONCE = 100;

/** The files of one kind of record, `<id>.json` each. Keeps nothing in memory. */
export interface RecordFolder<T extends { id: string }> {
  pathOf(id: string): string;
  has(id: string): boolean;
  /**
   * The ids that have a file, some at a time: all at once would be more than what is kept in memory of their records.
   * Removes what a crash left half-written and sets aside what is not ours.
   */
  ids(): AsyncIterable<readonly string[]>;
  /**
   * Undefined when there is no such record, or when it could not be read and was set aside. Never call inside
   * `oneAtATime` of the same id: setting aside waits for its turn there.
   */
  read(id: string): Promise<T | undefined>;
  /** The same inside `oneAtATime` of this id. */
  readInTurn(id: string): Promise<T | undefined>;
  /** What tells this file from any earlier or later one of the same record; undefined when there is none. */
  stampOf(id: string): string | undefined;
  /** Reads only what `schema` asks for. */
  readAs<S extends { id: string }>(id: string, schema: z.ZodType<S>): Promise<S | undefined>;
  /**
   * The record as a later read would answer it, taken at once: what could not be read again must never be written, and
   * what the caller does to its object later is not ours.
   */
  copyOf(record: T): T;
  /** Writes such a copy. Call inside `oneAtATime`. */
  write(copy: T): Promise<void>;
  /** Makes the folder, durably. */
  ensure(): Promise<void>;
  readonly oneAtATime: OneAtATime;
}

export interface RecordFolderOptions<T> {
  readonly folder: string;
  readonly schema: z.ZodType<T>;
  readonly idSchema: z.ZodType<string>;
  readonly setAside: SetAsideFolder;
  /** Added to the reason when one of these records has to be set aside. */
  readonly whenLost?: string;
}

export function createRecordFolder<T extends { id: string }>(options: RecordFolderOptions<T>): RecordFolder<T> {
  const { folder, schema } = options;
  const room: Room = { ...options, oneAtATime: createOneAtATime() };
  let ensured = false;

  async function ensure(): Promise<void> {
    if (ensured) return;
    await translated(`make the folder ${folder}`, () => makeFolder(folder));
    ensured = true;
  }

  return {
    pathOf: (id) => pathIn(folder, id),
    has: (id) => existsSync(pathIn(folder, id)),
    oneAtATime: room.oneAtATime,
    ensure,
    readAs: (id, as) => readOrSetAside(room, id, as),
    read: (id) => readOrSetAside(room, id, schema),
    readInTurn: (id) => readInTurn(room, id, schema),
    stampOf: (id) => stampOf(pathIn(folder, id)),
    async *ids() {
      for (const names of namesIn(folder)) {
        const ids: string[] = [];
        for (const name of names) {
          const id = idOf(room, name) ?? (await tidyAway(room, name));
          if (id !== undefined) ids.push(id);
        }
        yield ids;
      }
    },
    copyOf: (record) => readRecord(JSON.stringify(record), record.id, schema),
    async write(copy) {
      await ensure();
      const file = openRecordFile(pathIn(folder, copy.id), copy.id, schema);
      file.data = copy;
      await file.write();
    },
  };
}

/** What reading and tidying need of a folder, whatever its records are. */
interface Room extends Pick<RecordFolderOptions<never>, 'folder' | 'idSchema' | 'setAside' | 'whenLost'> {
  readonly oneAtATime: OneAtATime;
}

function pathIn(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

async function readOrSetAside<S extends { id: string }>(
  room: Room,
  id: string,
  schema: z.ZodType<S>,
): Promise<S | undefined> {
  if (!room.idSchema.safeParse(id).success) return undefined;
  const first = await attempt(pathIn(room.folder, id), id, schema);
  if (!(first instanceof UnreadableRecord)) return first ?? undefined;
  // Looked at again while nobody writes it: the file may have been replaced by a good one meanwhile.
  return room.oneAtATime(id, () => readInTurn(room, id, schema));
}

async function readInTurn<S extends { id: string }>(
  room: Room,
  id: string,
  schema: z.ZodType<S>,
): Promise<S | undefined> {
  if (!room.idSchema.safeParse(id).success) return undefined;
  const path = pathIn(room.folder, id);
  const found = await attempt(path, id, schema);
  if (!(found instanceof UnreadableRecord)) return found ?? undefined;
  await room.setAside.put(path, [found.message, room.whenLost].filter(Boolean).join('; '));
  return undefined;
}

/**
 * Every write makes a file anew while the old one still stands, so that at least its number changes, however coarse the
 * clock of the file system is.
 */
function stampOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}

async function attempt<S extends { id: string }>(
  path: string,
  id: string,
  schema: z.ZodType<S>,
): Promise<S | UnreadableRecord | null> {
  const file = openRecordFile(path, id, schema);
  try {
    await file.read();
    return file.data;
  } catch (error) {
    if (error instanceof UnreadableRecord) return error;
    throw error;
  }
}

function idOf({ idSchema }: Room, name: string): string | undefined {
  const id = name.replace(/\.json$/, '');
  return id !== name && idSchema.safeParse(id).success ? id : undefined;
}

/** What is not a record's file: a write under way is left alone, and what a crash left of one is removed. */
async function tidyAway(room: Room, name: string): Promise<void> {
  const { folder, setAside, oneAtATime } = room;
  const path = join(folder, name);
  const id = idOf(room, name.replace(/\.new$/, ''));
  if (id === undefined) await setAside.put(path, 'it is not one of our files');
  // In its turn, because it may be a write under way and not a leftover.
  else await oneAtATime(id, () => removeLeftover(path, setAside));
}

/** Synchronously: a promise for each of 100,000 names would take half a second. */
function* namesIn(folder: string): Generator<readonly string[]> {
  try {
    const opened = opendirSync(folder, { bufferSize: NAMES_AT_ONCE });
    try {
      let names: string[] = [];
      for (let found = opened.readSync(); found; found = opened.readSync()) {
        names.push(found.name);
        if (names.length < NAMES_AT_ONCE) continue;
        yield names;
        names = [];
      }
      yield names;
    } finally {
      opened.closeSync();
    }
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return;
    throw catalogFailure(`list ${folder}`, cause);
  }
}

async function removeLeftover(path: string, setAside: SetAsideFolder): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    setAside.note(path, `a crash left it half-written and it could not be removed: ${explain(cause)}`);
  }
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // Every folder that was made is an entry in the one above it.
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}
