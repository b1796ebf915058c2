import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Where the new text stands until it is whole; a death leaves it there. */
export const halfWritten = (path: string) => `${path}.new`;

/**
 * Replaces a file so that after any crash it holds either the old or the new text, whole: temporary file, fsync,
 * rename, fsync of the folder. The mode is 0600: what we keep may name people and paths. A long text may come in pieces.
 */
export async function writeDurably(path: string, text: string | Iterable<string>, mode = 0o600): Promise<void> {
  const temporary = halfWritten(path);
  const file = await open(temporary, 'w', mode);
  try {
    for (const piece of typeof text === 'string' ? [text] : text) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Makes what was renamed, created or removed in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The same for the few places that must not yield to anything else in between. */
export function writeDurablySync(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = halfWritten(path);
  const file = openSync(temporary, 'w', mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
