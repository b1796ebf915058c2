import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sweepNonces, writeProof } from '../../../src/chat/terminal/proof.ts';
import { createSessions, type Sessions } from '../../../src/chat/terminal/sessions.ts';

let root: string;
let nonces: string;
let now: number;
let sessions: Sessions;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cml-proof-'));
  nonces = join(root, 'nonces');
  await mkdir(nonces);
  now = Date.now();
  sessions = createSessions(nonces, () => now);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const refused = (reason: string) => ({ code: 'not-allowed', message: expect.stringContaining(reason) });

describe('a caller', () => {
  test('is known by the owner of the file that only they could create', async () => {
    const challenge = sessions.challenge();
    await writeProof(nonces, challenge);
    const { session, uid } = await sessions.prove(challenge.name);
    expect(uid).toBe(process.getuid?.());
    expect(sessions.uidOf(session)).toBe(uid);
    expect(await readdir(nonces)).toEqual([]);
  });

  test('is whoever the file belongs to', async () => {
    const challenge = sessions.challenge();
    await writeProof(nonces, challenge);
    // Only root can give a file away; anybody else can only show that it is theirs.
    const owner = process.getuid?.() === 0 ? 12_345 : (process.getuid?.() ?? 0);
    await chown(join(nonces, challenge.name), owner, process.getgid?.() ?? 0);
    expect((await sessions.prove(challenge.name)).uid).toBe(owner);
  });

  test('is forgotten after some minutes, and was never known by another name', async () => {
    const challenge = sessions.challenge();
    await writeProof(nonces, challenge);
    const { session } = await sessions.prove(challenge.name);
    expect(sessions.uidOf('0'.repeat(64))).toBeUndefined();
    now += 11 * 60_000;
    expect(sessions.uidOf(session)).toBeUndefined();
  });

  test('has one try for each question, and not for long', async () => {
    const used = sessions.challenge();
    await writeProof(nonces, used);
    await sessions.prove(used.name);
    await writeProof(nonces, used);
    await expect(sessions.prove(used.name)).rejects.toMatchObject(refused('was not asked or is too old'));
    const late = sessions.challenge();
    await writeProof(nonces, late);
    now += 60_000;
    await expect(sessions.prove(late.name)).rejects.toMatchObject(refused('was not asked or is too old'));
  });

  test('cannot fill the memory with questions', async () => {
    const first = sessions.challenge();
    for (let count = 0; count < 1_000; count += 1) sessions.challenge();
    await writeProof(nonces, first);
    await expect(sessions.prove(first.name)).rejects.toMatchObject(refused('was not asked'));
  });
});

describe('a forged proof', () => {
  /** Leaves something where the proof belongs, and has it looked at. */
  async function forge(make: (path: string, content: string) => Promise<unknown>): Promise<unknown> {
    const challenge = sessions.challenge();
    const path = join(nonces, challenge.name);
    await make(path, challenge.content);
    return sessions.prove(challenge.name);
  }

  test('is refused when nothing is there', async () => {
    await expect(forge(async () => undefined)).rejects.toMatchObject(refused('cannot be read'));
  });

  test('is refused as a symbolic link, and the link alone is removed', async () => {
    const target = join(root, 'target');
    const forged = forge(async (path, content) => {
      await writeFile(target, content, { mode: 0o644 });
      await symlink(target, path);
    });
    await expect(forged).rejects.toMatchObject(refused('not a regular file'));
    expect(await readdir(nonces)).toEqual([]);
    expect((await lstat(target)).isFile()).toBe(true);
  });

  test('is refused as a second link to a file of somebody else', async () => {
    const theirs = join(root, 'theirs');
    const forged = forge(async (path, content) => {
      await writeFile(theirs, content, { mode: 0o644 });
      await link(theirs, path);
    });
    await expect(forged).rejects.toMatchObject(refused('more than one link'));
    expect(await readdir(root)).toContain('theirs');
  });

  test('is refused as the last link to an older file, whatever times were set on it', async () => {
    const old = join(root, 'old');
    await writeFile(old, 'something', { mode: 0o644 });
    await expect.poll(() => Date.now() - now, { timeout: 5_000 }).toBeGreaterThan(1_200);
    now = Date.now();
    const forged = forge(async (path) => {
      await link(old, path);
      await unlink(old);
      await utimes(path, new Date(now + 5_000), new Date(now + 5_000));
    });
    await expect(forged).rejects.toMatchObject(refused('older than the question'));
  });

  test('is refused when it does not hold what was told', async () => {
    await expect(forge((path) => writeFile(path, 'x', { mode: 0o644 }))).rejects.toMatchObject(
      refused('does not hold'),
    );
    const longer = forge((path, content) => writeFile(path, `${content}x`, { mode: 0o644 }));
    await expect(longer).rejects.toMatchObject(refused('does not hold'));
  });

  test('is refused when others may have written it', async () => {
    const forged = forge(async (path, content) => {
      await writeFile(path, content);
      await chmod(path, 0o666);
    });
    await expect(forged).rejects.toMatchObject(refused('others may write'));
  });

  test('is refused as a folder', async () => {
    await expect(forge((path) => mkdir(path))).rejects.toMatchObject({ code: 'not-allowed' });
  });

  test('is refused outside the folder', async () => {
    await writeFile(join(root, 'elsewhere'), '');
    await expect(sessions.prove('../elsewhere')).rejects.toMatchObject(refused('was not asked'));
  });
});

test('what callers that died left behind is swept away after a while', async () => {
  await writeFile(join(nonces, 'left'), '');
  await mkdir(join(nonces, 'folder'));
  await sweepNonces(nonces, Date.now());
  expect(await readdir(nonces)).toEqual(['folder', 'left']);
  await sweepNonces(nonces, Date.now() + 120_000);
  expect(await readdir(nonces)).toEqual(['folder']);
});
