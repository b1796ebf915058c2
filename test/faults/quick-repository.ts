import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface KeyFile {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly data: string;
}

/**
 * Gives a repository a key that is cheap to derive: restic spends half a second of processor time on every call to slow
 * down whoever guesses passwords, and dozens of repositories are opened here side by side. The repository's own key, and
 * all else of it, stays as restic made it. Source: restic:doc/design.rst, "Keys, Encryption and MAC".
 */
export async function quickenRepository(repository: string, password: string): Promise<void> {
  const keys = join(repository, 'keys');
  for (const name of await readdir(keys)) {
    const slow = JSON.parse(await readFile(join(keys, name), 'utf8')) as KeyFile;
    const plain = open(Buffer.from(slow.data, 'base64'), derive(password, slow));
    const cheap = { ...slow, N: 16, r: 1, p: 1, salt: randomBytes(64).toString('base64') };
    const text = JSON.stringify({ ...cheap, data: seal(plain, derive(password, cheap)).toString('base64') });
    const id = createHash('sha256').update(text).digest('hex');
    await writeFile(join(keys, id), text, { mode: 0o400 });
    await rm(join(keys, name), { force: true });
  }
}

/** 32 bytes for AES-256, 16 for the AES of the MAC, 16 for its `r`. */
function derive(password: string, { N, r, p, salt }: Omit<KeyFile, 'data'>): Buffer {
  return scryptSync(password, Buffer.from(salt, 'base64'), 64, { N, r, p, maxmem: 512 * 1024 * 1024 });
}

function open(data: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-ctr', key.subarray(0, 32), data.subarray(0, 16));
  return Buffer.concat([decipher.update(data.subarray(16, -16)), decipher.final()]);
}

function seal(plain: Buffer, key: Buffer): Buffer {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', key.subarray(0, 32), iv);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const nonce = createCipheriv('aes-128-ecb', key.subarray(32, 48), null).update(iv);
  return Buffer.concat([iv, sealed, poly1305(sealed, key.subarray(48, 64), nonce)]);
}

/** Poly1305-AES, by its definition: a polynomial of 17-byte numbers modulo 2^130 - 5. */
function poly1305(message: Buffer, r: Buffer, s: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  const multiplier = littleEndian(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = Buffer.concat([message.subarray(at, at + 16), Buffer.from([1])]);
    sum = ((sum + littleEndian(block)) * multiplier) % prime;
  }
  const tag = (sum + littleEndian(s)) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
