import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { UserError } from '../../errors.ts';
import { type AuditEntry, auditEntry } from '../../records/audit.ts';
import type { AuditPage, AuditQuery, Catalog } from '../catalog.ts';
import { systemCodeOf, translated } from './failure.ts';
import { createOneAtATime } from './one-at-a-time.ts';

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;
/** So much of the trail is looked through for one page; who wants to look further asks for the next. */
const MOST_LOOKED_THROUGH = 4 * 1024 * 1024;

/** Append-only JSON lines, each synced. A line that a crash tore stays as it is and is passed over. */
export function createAudit(dataFolder: string): Catalog['audit'] {
  const path = join(dataFolder, 'audit.jsonl');
  const oneAtATime = createOneAtATime();
  const page = (query: AuditQuery) =>
    translated('read the audit trail', async () => {
      const file = await openIfThere(path);
      if (!file) return { entries: [] };
      try {
        return await readPage(file, query);
      } finally {
        await file.close();
      }
    });

  return {
    append: (entry) =>
      oneAtATime(path, () => translated('write the audit trail', () => appendLine(path, JSON.stringify(entry)))),
    page,
    async list(limit) {
      const entries: AuditEntry[] = [];
      for (let before: string | undefined; entries.length < limit; ) {
        const found: AuditPage = await page({ limit: limit - entries.length, ...(before ? { before } : {}) });
        entries.push(...found.entries);
        if (found.next === undefined) break;
        before = found.next;
      }
      return entries;
    },
  };
}

async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const torn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== NEWLINE;
    await file.writeFile(`${torn ? '\n' : ''}${line}\n`);
    await file.sync();
    if (size === 0) await syncFolder(dirname(path));
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

/** A place in the trail is where a line begins: it never moves, because the trail only grows at its end. */
async function readPage(file: FileHandle, { limit, before, ...wanted }: AuditQuery): Promise<AuditPage> {
  const { size } = await file.stat();
  const end = before === undefined ? size : placeIn(size, before);
  const entries: AuditEntry[] = [];
  for await (const { at, text } of linesFromEnd(file, end)) {
    const entry = readLine(text);
    if (entry && isWanted(entry, wanted)) entries.push(entry);
    if (at > 0 && (entries.length >= limit || end - at >= MOST_LOOKED_THROUGH)) return { entries, next: String(at) };
  }
  return { entries };
}

function placeIn(size: number, before: string): number {
  const place = /^\d{1,15}$/.test(before) ? Number(before) : Number.NaN;
  if (place <= size) return place;
  throw new UserError('bad-input', 'That is no place in the audit trail.', { hint: 'Begin at its first page.' });
}

/** Newest first, reading no more of the file than is asked for; `at` is where the line begins. */
async function* linesFromEnd(file: FileHandle, end: number): AsyncGenerator<{ at: number; text: string }> {
  let position = end;
  let rest = Buffer.alloc(0);
  while (position > 0) {
    const length = Math.min(CHUNK, position);
    position -= length;
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, position);
    // Kept as bytes, because a line, and even a character, may begin in the chunk before.
    let bytes = Buffer.concat([buffer, rest]);
    for (let newline = bytes.lastIndexOf(NEWLINE); newline >= 0; newline = bytes.lastIndexOf(NEWLINE)) {
      yield { at: position + newline + 1, text: bytes.toString('utf8', newline + 1) };
      bytes = bytes.subarray(0, newline);
    }
    rest = bytes;
  }
  yield { at: 0, text: rest.toString('utf8') };
}

function isWanted({ workspace, by, subject }: AuditEntry, wanted: Omit<AuditQuery, 'limit' | 'before'>): boolean {
  return (
    (wanted.workspace === undefined || wanted.workspace === workspace) &&
    (wanted.by === undefined || wanted.by === by.name) &&
    (wanted.subject === undefined || wanted.subject === subject)
  );
}

function readLine(line: string): AuditEntry | undefined {
  if (line === '') return undefined;
  try {
    return auditEntry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // torn by a crash: it was never reported as written
  }
}
