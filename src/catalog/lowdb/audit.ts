import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { type AuditEntry, auditEntry } from '../../records/audit.ts';
import type { Catalog } from '../catalog.ts';
import { systemCodeOf, translated } from './failure.ts';
import { createOneAtATime } from './one-at-a-time.ts';

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

/** Append-only JSON lines, each synced. A line that a crash tore stays as it is and is passed over. */
export function createAudit(dataFolder: string): Catalog['audit'] {
  const path = join(dataFolder, 'audit.jsonl');
  const oneAtATime = createOneAtATime();

  return {
    append: (entry) =>
      oneAtATime(path, () => translated('write the audit trail', () => appendLine(path, JSON.stringify(entry)))),
    list: (limit) =>
      translated('read the audit trail', async () => {
        const file = await openIfThere(path);
        if (!file) return [];
        try {
          return await readFromEnd(file, limit);
        } finally {
          await file.close();
        }
      }),
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

/** Newest first, reading no more of the file than is needed. */
async function readFromEnd(file: FileHandle, limit: number): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let position = (await file.stat()).size;
  let rest = Buffer.alloc(0);
  while (position > 0 && entries.length < limit) {
    const length = Math.min(CHUNK, position);
    position -= length;
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, position);
    const text = Buffer.concat([buffer, rest]);
    // The first line of a chunk may begin in the one before it; kept as bytes, because a character may be cut in two.
    const firstEnd = position === 0 ? -1 : text.indexOf(NEWLINE);
    if (position > 0 && firstEnd === -1) {
      rest = text;
      continue;
    }
    rest = text.subarray(0, firstEnd + 1);
    const lines = text
      .subarray(firstEnd + 1)
      .toString('utf8')
      .split('\n');
    entries.push(...lines.reverse().flatMap(readLine));
  }
  return entries.slice(0, limit);
}

function readLine(line: string): AuditEntry[] {
  if (line === '') return [];
  try {
    const entry = auditEntry.safeParse(JSON.parse(line));
    return entry.success ? [entry.data] : [];
  } catch {
    return []; // torn by a crash: it was never reported as written
  }
}
