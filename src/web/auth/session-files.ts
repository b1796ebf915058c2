import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../durable-file.ts';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { person } from '../../records/person.ts';
import { everyScope, scope } from '../../records/scope.ts';

const sessionRecord = z.object({
  /** Of the id that only their browser has. */
  hash: z.string(),
  person,
  /** What their word stood on when they logged in. */
  standing: z.string(),
  begunAt: z.iso.datetime().transform(Date.parse),
  usedAt: z.iso.datetime().transform(Date.parse),
  /** Of a session from before there were any: all. */
  scopes: z.array(scope).default([...everyScope]),
  /** However much it is used it ends then, where that is sooner than for all. */
  endsAt: z.iso.datetime().transform(Date.parse).optional(),
});
/** Times in milliseconds since 1970. */
export type SessionRecord = z.infer<typeof sessionRecord>;

const sessionsFile = z.object({ sessions: z.array(sessionRecord) });
const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export interface SessionFiles {
  readonly key: string;
  readonly sessions: readonly SessionRecord[];
  /** @throws PortError `disk-full`, `server-unavailable`. */
  save(sessions: Iterable<SessionRecord>): Promise<void>;
}

/**
 * What outlives the server: the key that signs cookies and who is logged in, in files that only we may read. A file that
 * cannot be read costs no more than logging in again.
 * @throws PortError `disk-full`, `server-unavailable`.
 */
export async function openSessionFiles(folder: string, log: Log): Promise<SessionFiles> {
  const [keyPath, sessionsPath] = [join(folder, 'web.key'), join(folder, 'web-sessions.json')];
  await kept(mkdir(folder, { recursive: true, mode: 0o711 }));
  const known = key.safeParse((await textOf(keyPath))?.trim()).data;
  const own = known ?? randomBytes(32).toString('base64url');
  if (known === undefined) await kept(writeDurably(keyPath, `${own}\n`));
  const text = await textOf(sessionsPath);
  const read = text === undefined ? undefined : sessionsFile.safeParse(parseJson(text));
  if (read?.error) log.warn({ path: sessionsPath }, 'who was logged in cannot be read: everybody logs in again');
  return {
    key: own,
    sessions: read?.data?.sessions ?? [],
    async save(sessions) {
      const written = Array.from(sessions, ({ begunAt, usedAt, endsAt, ...rest }) => ({
        ...rest,
        begunAt: new Date(begunAt).toISOString(),
        usedAt: new Date(usedAt).toISOString(),
        ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
      }));
      await kept(writeDurably(sessionsPath, JSON.stringify({ sessions: written })));
    },
  };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PortError('server-unavailable', `The page cannot read ${path}.`, { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // is told by the schema that it is not what it should be
  }
}

async function kept(writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new PortError('disk-full', 'Who is logged in cannot be kept: the disk is full.', {
        cause,
        hint: 'Make room on the disk of the data folder.',
      });
    }
    throw new PortError('server-unavailable', 'Who is logged in cannot be kept.', { cause });
  }
}
