import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Backup, backup } from '../../src/records/backup.ts';
import { type Operation, operation } from '../../src/records/operation.ts';
import { type Request, request } from '../../src/records/request.ts';
import type { ChaosWorkspace } from './chaos-workspace.ts';

/** The records as they stand on the disk, read without the product: it may be dead, and it is not asked what is true. */
export const readOpen = ({ data }: ChaosWorkspace): Promise<Operation[]> =>
  readRecords(join(data, 'operations', 'open'), operation);

export const readBackups = ({ data }: ChaosWorkspace): Promise<Backup[]> => readRecords(join(data, 'backups'), backup);

export const readRequests = ({ data }: ChaosWorkspace, known?: ReadonlySet<string>): Promise<Request[]> =>
  readRecords(join(data, 'requests'), request, known);

export const readEnded = ({ data }: ChaosWorkspace, known?: ReadonlySet<string>): Promise<Operation[]> =>
  readRecords(join(data, 'operations', 'ended'), operation, known);

const displacedEntries = z.array(z.object({ operationId: z.string(), until: z.iso.datetime() }));

/** What is kept of what was displaced, oldest first, as the platform wrote it down. */
export async function readDisplaced({ state }: ChaosWorkspace): Promise<z.infer<typeof displacedEntries>> {
  try {
    return displacedEntries.parse(JSON.parse(await readFile(join(state, 'displaced.json'), 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}

export async function idsOf(workspace: ChaosWorkspace, kind: 'operations/ended' | 'requests'): Promise<Set<string>> {
  return new Set((await namesIn(join(workspace.data, kind))).map(toId));
}

async function readRecords<T>(folder: string, schema: z.ZodType<T>, known?: ReadonlySet<string>): Promise<T[]> {
  const found: T[] = [];
  for (const name of (await namesIn(folder)).filter((one) => !known?.has(toId(one))).toSorted()) {
    try {
      found.push(schema.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw new Error(`${folder}/${name} is broken`, { cause });
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}

const toId = (name: string) => name.replace(/\.json$/, '');

/** Where an operation stood when it was looked at: which step ran, or after which one it was. */
export function momentOf(found: Operation | undefined): string {
  if (!found) return 'nothing open';
  const last = found.journal.at(-1);
  if (!last) return 'before its first life';
  if (last.type === 'step-began') return last.step;
  if ('step' in last) return `after ${last.step}`;
  if (last.type === 'announced') return 'announce';
  if (last.type === 'ended') return 'after its end was written';
  return last.type === 'began' ? `${last.mode}, before its first step` : last.type;
}

/** One line for each event, with the seconds since the operation was asked for. */
export function writeJournal({ id, kind, startedAt, status, error, journal }: Operation): string[] {
  const lines = journal.map((event) => {
    const seconds = ((Date.parse(event.at) - Date.parse(startedAt)) / 1_000).toFixed(2).padStart(8);
    const what = 'step' in event ? event.step : event.type === 'began' ? event.mode : '';
    const why = 'error' in event && event.error ? `: ${event.error.code}: ${event.error.message}` : '';
    return `  ${seconds} s  ${event.type} ${what}${why}`;
  });
  return [`${id} (${kind}) ${status}${error ? `: ${error.code}: ${error.message}` : ''}`, ...lines];
}

/** Whether the last life only made things whole again. */
export function wasUnwound({ journal }: Operation): boolean {
  return journal.some((event) => event.type === 'began' && event.mode === 'unwind');
}
