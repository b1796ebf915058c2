import { lstat, readdir, stat } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf } from '../system-error.ts';

/** The number by which a file system knows a file whatever it is renamed to; null when there is none. */
export async function inodeOf(path: string | Buffer): Promise<string | null> {
  try {
    return String((await lstat(path, { bigint: true })).ino);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return null;
    throw cause;
  }
}

/** Names beginning so beside or inside a part are ours; a capture leaves them out. */
export const RESERVED = '.cml-op_';

/** Of the file system that holds it; every btrfs subvolume has one of its own. */
export async function deviceOf(path: string): Promise<string> {
  return String((await stat(path, { bigint: true })).dev);
}

/** Symbolic links followed. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return false;
    throw cause;
  }
}

/** File names are bytes and need not be text: they are kept one character a byte, so that none is lost. */
export async function childNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { encoding: 'latin1' })).sort();
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return [];
    throw cause;
  }
}

export function childPath(folder: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
}

export const look = z.object({ mode: z.number(), uid: z.number(), gid: z.number(), modifiedNs: z.string() });
/** Mode, owner and time of a folder itself. */
export type Look = z.infer<typeof look>;

export async function lookOf(folder: string): Promise<Look> {
  const facts = await lstat(folder, { bigint: true });
  return {
    mode: Number(facts.mode & 0o7777n),
    uid: Number(facts.uid),
    gid: Number(facts.gid),
    modifiedNs: String(facts.mtimeNs),
  };
}
