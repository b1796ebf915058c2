import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ZodType } from 'zod';
import { halfWritten, syncFolder, writeDurably } from '../durable-file.ts';
import { PortError } from '../errors.ts';
import { codeOf } from './system-error.ts';

/** Undefined when there is no such file. @throws PortError naming a file that cannot be understood. */
export async function readState<T>(path: string, schema: ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PortError('platform-unavailable', `the state file ${path} is damaged`, {
      cause,
      hint: 'look at the file; it was not written by this program as it stands now',
    });
  }
}

export async function writeState(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDurably(path, `${JSON.stringify(value, null, 1)}\n`);
}

/** Also what a death in the middle of writing it left, whether or not the file ever came to be. */
export async function removeState(path: string): Promise<void> {
  await removeIfPossible(halfWritten(path));
  try {
    await rm(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return;
    throw cause;
  }
  await syncFolder(dirname(path));
}

/** Nobody ever reads it: that it stays must not keep services from being started. */
async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/** None when there is no such folder. */
export async function stateNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return [];
    throw cause;
  }
}

/** Only while nobody writes those of these names: what is half written otherwise may be about to be whole. */
export async function removeHalfWritten(folder: string, isDead: (name: string) => boolean): Promise<void> {
  for (const name of await stateNames(folder)) {
    if (name.endsWith(halfWritten('')) && isDead(name)) await removeIfPossible(join(folder, name));
  }
}
