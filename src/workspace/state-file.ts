import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ZodType } from 'zod';
import { syncFolder, writeDurably } from '../durable-file.ts';
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

export async function removeState(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return;
    throw cause;
  }
  await syncFolder(dirname(path));
}
