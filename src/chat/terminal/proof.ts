import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import type { Challenge } from './protocol.ts';

/**
 * Node cannot ask a socket who is at the other end. So the caller creates a file whose name and content only we told
 * them, in a folder where everybody may create and nobody may look: the kernel writes its owner down.
 */
export const NONCE_FILE_MODE = 0o644; // readable, because a server that is not root has to compare the content

/** A file's birth is stamped by a clock that ticks more coarsely than ours. */
const CLOCK_SLACK_MS = 1_000;
const STALE_MS = 60_000;

function whyNotProven(file: Stats, issuedAt: number): string | undefined {
  if (!file.isFile()) return 'it is not a regular file';
  if (file.nlink !== 1) return 'it has more than one link';
  if ((file.mode & 0o022) !== 0) return 'others may write to it';
  // Some file systems note no birth; what was changed last is then the nearest there is.
  const bornAt = file.birthtimeMs > 0 ? file.birthtimeMs : file.ctimeMs;
  if (bornAt < issuedAt - CLOCK_SLACK_MS) return 'it is older than the question';
  return undefined;
}

async function readOwner(path: string, content: string, issuedAt: number): Promise<number | string> {
  const before = await lstat(path);
  const reason = whyNotProven(before, issuedAt);
  if (reason !== undefined) return reason;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = await file.stat();
    if (opened.ino !== before.ino || opened.dev !== before.dev) return 'it was exchanged while we looked';
    const { bytesRead, buffer } = await file.read(Buffer.alloc(content.length + 1), 0, content.length + 1, 0);
    if (buffer.subarray(0, bytesRead).toString() !== content) return 'it does not hold what it should';
    // Looked at once more after reading: a second link may have come or gone meanwhile.
    return whyNotProven(await file.stat(), issuedAt) ?? opened.uid;
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Answers the uid of whoever created the file of a challenge, and removes the file.
 * @throws UserError `not-allowed` for anything but that very file.
 */
export async function proveOwner(folder: string, challenge: Challenge, issuedAt: number): Promise<number> {
  const path = join(folder, challenge.name);
  let found: number | string;
  try {
    found = await readOwner(path, challenge.content, issuedAt);
    await remove(path);
  } catch (cause) {
    throw new UserError('not-allowed', 'Who is calling could not be proven: the proof cannot be read.', { cause });
  }
  if (typeof found === 'number') return found;
  throw new UserError('not-allowed', `Who is calling could not be proven: ${found}.`);
}

/** Removes what callers that died left behind. */
export async function sweepNonces(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await lstat(path).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found && !found.isDirectory() && found.ctimeMs < now - STALE_MS) await remove(path);
  }
}

/** The caller's side. The file stays until the server has looked; `withdraw` is for when it never did. */
export async function writeProof(folder: string, challenge: Challenge): Promise<{ withdraw(): Promise<void> }> {
  const path = join(folder, challenge.name);
  const file = await open(path, 'wx', NONCE_FILE_MODE);
  try {
    // Exactly this mode, whatever the caller's umask takes away.
    await file.chmod(NONCE_FILE_MODE);
    await file.writeFile(challenge.content);
  } finally {
    await file.close();
  }
  return { withdraw: () => remove(path) };
}
