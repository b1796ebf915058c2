import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCredentials } from '../../../../src/workspace/cdp/client/credentials.ts';
import { controlPlaneSettings, credentialsSettings } from '../../../../src/workspace/cdp/client/settings.ts';

const SEED = 'c2VlZHNlZWRzZWVkc2VlZHNlZWRzZWVkc2VlZHNlZWQ=';
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIB+/==\nAAAA\n-----END PRIVATE KEY-----';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-credentials-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function read(settings: object, environment: Record<string, string> = {}) {
  return readCredentials(credentialsSettings.parse(settings), environment);
}

async function file(name: string, text: string): Promise<string> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe('a login', () => {
  it('stands in the environment, under names of one own', async () => {
    const pair = { accessKeyId: 'id', privateKey: SEED };
    expect(await read({ from: 'environment' }, { CDP_ACCESS_KEY_ID: 'id', CDP_PRIVATE_KEY: ` ${SEED}\n` })).toEqual(
      pair,
    );
    const own = { from: 'environment', accessKeyId: 'A', privateKey: 'B', accessToken: 'C' };
    expect(await read(own, { A: 'id', B: PEM })).toEqual({ accessKeyId: 'id', privateKey: PEM });
    expect(await read(own, { A: 'id', B: PEM.replaceAll('\n', '\\n') })).toEqual({
      accessKeyId: 'id',
      privateKey: PEM,
    });
    expect(await read(own, { C: 'token' })).toEqual({ accessToken: 'token' });
  });

  it('may name a file in the environment, as the command line of the vendor allows', async () => {
    const path = await file('key.pem', `${PEM}\n`);
    expect(await read({ from: 'environment' }, { CDP_ACCESS_KEY_ID: 'id', CDP_PRIVATE_KEY: path })).toEqual({
      ...{ accessKeyId: 'id', privateKey: PEM },
    });
  });

  it('is never repeated when it was mistyped', async () => {
    const mistyped = read({ from: 'environment' }, { CDP_ACCESS_KEY_ID: 'id', CDP_PRIVATE_KEY: SEED.slice(1) });
    const error: Error = await mistyped.then(
      () => new Error('read'),
      (reason) => reason,
    );
    expect(error.message).toBe('The login of the control plane cannot be read: CDP_PRIVATE_KEY (ENOENT)');
    expect(JSON.stringify([error, error.cause, error.message])).not.toContain(SEED.slice(1));
  });

  it('stands in a profile of the vendor, its key on one line or on many', async () => {
    const path = await file(
      'credentials',
      [
        '[default]',
        `cdp_access_key_id = one`,
        `cdp_private_key=${SEED}`,
        '[eu.prod]',
        'cdp_access_key_id=two',
        `cdp_private_key=${PEM.replaceAll('\n', '\\n')}`,
        '[many]',
        'cdp_access_key_id=three',
        `cdp_private_key=${PEM.replaceAll('\n', '\n\t')}`,
        '[token]',
        'cdp_access_token=abc.def',
        '',
      ].join('\n'),
    );
    const of = (profile: string) => read({ from: 'profile', file: path, profile });
    expect(await read({ from: 'profile', file: path })).toEqual({ accessKeyId: 'one', privateKey: SEED });
    expect(await of('eu.prod')).toEqual({ accessKeyId: 'two', privateKey: PEM });
    expect(await of('many')).toEqual({ accessKeyId: 'three', privateKey: PEM });
    expect(await of('token')).toEqual({ accessToken: 'abc.def' });
    for (const absent of ['nobody', 'constructor', '__proto__']) {
      await expect(of(absent)).rejects.toThrow(`the profile ${absent} of ${path}`);
    }
  });

  it('stands in the usual profile of the home folder', async () => {
    await file('.cdp/credentials', `[default]\ncdp_access_key_id=one\ncdp_private_key=${SEED}\n`);
    expect(await read({ from: 'profile' }, { HOME: folder })).toEqual({ accessKeyId: 'one', privateKey: SEED });
  });

  it('stands in the files of a mounted Secret, and is read again when it is replaced', async () => {
    await file('cdp_access_key_id', 'one\n');
    await file('cdp_private_key', `${SEED}\n`);
    expect(await read({ from: 'folder', folder })).toEqual({ accessKeyId: 'one', privateKey: SEED });
    await file('cdp_access_key_id', 'two');
    expect(await read({ from: 'folder', folder })).toMatchObject({ accessKeyId: 'two' });
  });

  it.each([
    ['nothing', {}, 'There is no access key and no usable token for the control plane in the environment'],
    ['half of a pair', { CDP_ACCESS_KEY_ID: 'id' }, 'There is no private key for the control plane in the environment'],
    ['a token that cannot be sent', { CDP_ACCESS_TOKEN: 'a\nb' }, 'no usable token'],
  ])('is refused when there is %s', async (_what, environment, sentence) => {
    await expect(read({ from: 'environment' }, environment as Record<string, string>)).rejects.toMatchObject({
      code: 'control-plane-login',
      message: expect.stringContaining(sentence),
      hint: expect.stringContaining('access key'),
    });
  });

  it('is refused when its place is not there', async () => {
    await expect(read({ from: 'profile', file: join(folder, 'no') })).rejects.toThrow(`${join(folder, 'no')} (ENOENT)`);
    await expect(read({ from: 'folder', folder: join(folder, 'no') })).rejects.toThrow('There is no access key');
  });
});

describe('the settings', () => {
  it('need an address only', () => {
    expect(controlPlaneSettings.parse({ endpoint: 'https://console.example.com/' })).toEqual({
      endpoint: 'https://console.example.com',
      credentials: {
        ...{ from: 'environment', accessKeyId: 'CDP_ACCESS_KEY_ID', privateKey: 'CDP_PRIVATE_KEY' },
        accessToken: 'CDP_ACCESS_TOKEN',
      },
      requestWithin: 60_000,
    });
  });

  it.each([
    ['http://console.example.com', 'only this machine may be talked to without https'],
    ['console.example.com', 'write an address that begins with https://'],
    ['ftp://console.example.com', 'write an address that begins with https://'],
    ['https://me:secret@console.example.com', 'write an address without a login, a question mark or #'],
    ['https://console.example.com/?a=b', 'write an address without a login, a question mark or #'],
  ])('refuse %s', (endpoint, sentence) => {
    const { error } = controlPlaneSettings.safeParse({ endpoint });
    expect(error?.issues.map(({ message }) => message)).toEqual([sentence]);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:2', 'https://a.example.com/cdp'])(
    'take %s',
    (endpoint) => {
      expect(controlPlaneSettings.parse({ endpoint }).endpoint).toBe(endpoint);
    },
  );
});
