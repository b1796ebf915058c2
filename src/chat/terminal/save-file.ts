import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isAppError, PortError, UserError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { writeName, writeSize } from '../messages/words.ts';
import type { TerminalClient } from './client.ts';
import type { SaidLine } from './protocol.ts';

type Wanted = NonNullable<Answer['download']>;

/**
 * Fetches a file of a backup to where the person is, with their rights and for them alone. It has its name only when all of
 * it is there; what stands there already is not touched.
 */
export async function saveFile(
  { client, signal }: { readonly client: Pick<TerminalClient, 'download'>; readonly signal: AbortSignal },
  { as }: Pick<SaidLine, 'as'>,
  { backup, path, bytes, to }: Wanted,
): Promise<Answer> {
  const place = resolve(to);
  await refuseWhenThere(place);
  const partial = `${place}.partial`;
  try {
    const response = await client.download({ as, backup, path }, signal);
    const file = await openOwn(partial);
    await pipeline(response, file.createWriteStream({ flush: true }), { signal });
    const { size } = await stat(partial);
    if (size !== bytes) throw new Error(`${size} of ${bytes} bytes came`);
    await rename(partial, place);
  } catch (error) {
    await rm(partial, { force: true });
    if (isAppError(error)) throw error;
    throw new PortError('server-unavailable', `${place} could not be saved.`, {
      cause: error,
      hint: signal.aborted ? 'You left before all of it was there.' : 'Is there room, and does the server still run?',
    });
  }
  return {
    text: `${writeName(path)} of ${backup} is saved as ${place} (${writeSize(bytes)}).`,
    tone: 'good',
    json: { backup, path, bytes, savedAs: place },
  };
}

async function refuseWhenThere(place: string): Promise<void> {
  const there = await stat(place).catch(() => undefined);
  if (!there) return;
  const what = there.isDirectory() ? 'is a folder' : 'is there already';
  throw new UserError('bad-input', `${place} ${what}, so nothing was saved.`, {
    hint: 'Name a file that is not there.',
  });
}

async function openOwn(partial: string) {
  try {
    return await open(partial, 'w', 0o600);
  } catch (cause) {
    throw new UserError('bad-input', `${partial} cannot be written by you.`, { cause });
  }
}
