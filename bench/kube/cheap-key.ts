import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Source: restic doc/design.rst, "Keys, Encryption and MAC". */
const keyFile = z.looseObject({
  kdf: z.literal('scrypt'),
  ...{ N: z.number(), r: z.number(), p: z.number() },
  ...{ salt: z.string(), data: z.string() },
});
type KeyFile = z.infer<typeof keyFile>;

const CHEAP = { N: 1_024, r: 8, p: 1 };
const [NONCE, MAC] = [16, 16];

/**
 * Writes the only key of a repository anew, so that opening it takes no time: restic makes each of its programs take half a
 * second of a processor for it, on purpose, and hundreds of programs that do nothing else are not what is measured.
 */
export async function makeKeyCheap(repository: string, password: string): Promise<void> {
  const folder = join(repository, 'keys');
  const [name = ''] = await readdir(folder);
  const old = keyFile.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
  const master = open(keysFrom(old, password), Buffer.from(old.data, 'base64'));
  const made = { ...old, ...CHEAP, salt: randomBytes(64).toString('base64') };
  const text = JSON.stringify({ ...made, data: seal(keysFrom(made, password), master).toString('base64') });
  await writeFile(join(folder, createHash('sha256').update(text).digest('hex')), text, { mode: 0o600 });
  await rm(join(folder, name));
}

interface Keys {
  readonly encrypt: Buffer;
  readonly k: Buffer;
  readonly r: Buffer;
}

function keysFrom({ N, r, p, salt }: Pick<KeyFile, 'N' | 'r' | 'p' | 'salt'>, password: string): Keys {
  const maxmem = 256 * N * r;
  const all = scryptSync(password, Buffer.from(salt, 'base64'), 64, { N, r, p, maxmem });
  return { encrypt: all.subarray(0, 32), k: all.subarray(32, 48), r: all.subarray(48, 64) };
}

function open(keys: Keys, sealed: Buffer): Buffer {
  const nonce = sealed.subarray(0, NONCE);
  const text = sealed.subarray(NONCE, -MAC);
  if (!macOf(keys, nonce, text).equals(sealed.subarray(-MAC)))
    throw new Error('the key of the repository is not opened');
  return createDecipheriv('aes-256-ctr', keys.encrypt, nonce).update(text);
}

function seal(keys: Keys, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const text = createCipheriv('aes-256-ctr', keys.encrypt, nonce).update(plain);
  return Buffer.concat([nonce, text, macOf(keys, nonce, text)]);
}

/** Poly1305-AES. Source: https://cr.yp.to/mac/poly1305-20050329.pdf */
function macOf({ k, r }: Keys, nonce: Buffer, text: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  const point = numberOf(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16) {
    const block = text.subarray(at, at + 16);
    sum = ((sum + numberOf(block) + (1n << BigInt(8 * block.length))) * point) % prime;
  }
  const pad = numberOf(createCipheriv('aes-128-ecb', k, null).setAutoPadding(false).update(nonce));
  const tag = (sum + pad) % (1n << 128n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

/** Little end first. */
function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
}
