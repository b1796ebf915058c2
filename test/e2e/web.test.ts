import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../workspace/local/bench.ts';
import { asBob, type Begun, type Bench, makeBench, TOKEN } from './bench.ts';
import { curl } from './curl.ts';
import { isLiving, until } from './processes.ts';

vi.setConfig({ testTimeout: 60_000 });

let bench: Bench;
let server: Begun;
let port: number;
let origin: string;

beforeAll(async () => {
  port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  bench = await makeBench({ more: { web: { port } } });
  server = await bench.serve();
});

afterAll(() => bench?.dispose());

const jar = (name: string) => bench.at(`${name}.cookies`);
const browse = (name: string, path: string, ...more: string[]) =>
  curl(['-b', jar(name), '-c', jar(name), ...more, new URL(path, origin).href]);
const linkOf = async (words: readonly string[] = []) => (await bench.sayJson(['web', ...words])).answer.login as string;
const hiddenIn = (text: string, field: string) => new RegExp(`name="${field}" value="([^"]+)"`).exec(text)?.[1] ?? '';

async function logIn(name: string, link: string): Promise<void> {
  const shown = await browse(name, link);
  expect(shown.text).toContain(`Log in as ${name}`);
  const answer = await browse(name, '/login', '-d', `link=${hiddenIn(shown.text, 'link')}`);
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
}

describe('a real server with a page', () => {
  test('says where it is and lets in who comes by the link of the terminal, once', async () => {
    await until('the server tells of the page', () => server.stderr().includes(`The page is at ${origin}/`));
    expect(server.stderr()).not.toContain('link=');
    expect((await browse('alice', '/backups')).status).toBe(401);
    const link = await linkOf();
    await logIn('alice', link);
    const page = await browse('alice', '/backups');
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(page.text).toContain('alice');
    expect((await browse('mallory', link)).status).toBe(401);
    expect(await readFile(bench.at('cml-data/server.log'), 'utf8')).not.toContain(
      new URL(link).searchParams.get('link'),
    );
  });

  test('takes a change that a person makes on the page, as that person', async () => {
    await logIn('alice', await linkOf());
    const csrf = hiddenIn((await browse('alice', '/workspaces/team-ml')).text, 'csrf');
    const answer = await browse('alice', '/workspaces/team-ml/backup', '-d', `csrf=${csrf}`, '-d', 'reason=by page');
    expect(answer.status).toBe(303);
    await until('the backup has ended', async () => (await bench.operations('ended')).length > 0);
    expect((await bench.operations('ended'))[0]).toMatchObject({
      by: { name: 'alice', proof: 'uid', uid: process.getuid?.() },
    });
  });

  test('lets a token in with every question, and by the form', async () => {
    const by = (token: string) => curl(['-H', `Authorization: Bearer ${token}`, `${origin}/requests`]);
    expect((await by(TOKEN)).text).toContain('<span>bob</span>');
    expect((await by('a guess')).status).toBe(401);
    const answer = await browse('bob', '/login?next=/audit', '--data-urlencode', `token=${TOKEN}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/audit']);
    expect((await browse('bob', '/audit')).text).toContain('<span>bob</span>');
    await logIn('bob', (await bench.sayJson([...asBob.words, 'web'], { environment: asBob.environment })).answer.login);
  });

  test('knows people still after it was killed, and no more once they have logged out or are gone from cml.yaml', async () => {
    await logIn('alice', await linkOf());
    await browse('bob', '/login', '--data-urlencode', `token=${TOKEN}`);
    const forgotten = await linkOf();
    server.kill('SIGKILL');
    await server.ended;
    server = await bench.serve();
    expect((await browse('alice', '/audit')).status).toBe(200);
    expect((await browse('bob', '/audit')).status).toBe(200);
    expect((await browse('alice', forgotten)).status).toBe(401);

    const watching = curl(['-N', '-b', jar('alice'), `${origin}/changes`]);
    const csrf = hiddenIn((await browse('alice', '/audit')).text, 'csrf');
    const cookie = (await readFile(jar('alice'), 'utf8')).trim().split('\t').at(-1) ?? '';
    expect((await browse('alice', '/logout', '-d', `csrf=${csrf}`)).status).toBe(303);
    expect((await curl(['-H', `Cookie: cml_${port}=${cookie}`, `${origin}/audit`])).status).toBe(401);

    expect((await watching).status).toBe(200); // it was let go, and by itself
    expect((await bench.say(['token', 'bob'])).exitCode).toBe(0);
    expect((await browse('bob', '/audit')).status).toBe(401);
  });

  test('keeps its key and who is logged in to itself', async () => {
    for (const file of ['web.key', 'web-sessions.json']) {
      expect((await stat(bench.at('cml-data', file))).mode & 0o777).toBe(0o600);
    }
    expect(await readFile(bench.at('cml-data/web-sessions.json'), 'utf8')).not.toContain('"id"');
  });
});

test('a port that is taken keeps nobody from backups, and the page comes when it is free', async () => {
  const other = await makeBench({ more: { web: { port } } });
  try {
    const { pid, stderr } = await other.serve();
    await until('it says so', () => stderr().includes('The page cannot be opened'));
    expect((await other.say(['web'])).stderr).toContain(`cannot be opened at 127.0.0.1:${port}`);
    expect((await other.say(['status'])).exitCode).toBe(0);
    server.kill('SIGTERM');
    await server.ended;
    expect((await other.sayJson(['web'])).answer.page).toBe(`${origin}/`);
    expect(isLiving(pid)).toBe(true);
  } finally {
    await other.dispose();
  }
});

test('who starts the server in a terminal is shown a link that logs them in', async () => {
  const other = await makeBench({ more: { web: { port: 0 } } });
  try {
    const terminal = ['sh', '-c', 'exec script -qec "$*" /dev/null', 'sh'];
    const seen = other.begin(['serve'], { through: terminal });
    const [link = ''] = await until('a link is shown', () => /http:\S+link=\S+/.exec(seen.stdout()));
    expect((await curl([link])).text).toContain('Log in as alice');
  } finally {
    await other.dispose();
  }
});

test('without a page the word says how to have one', async () => {
  const plain = await makeBench();
  try {
    expect(await plain.say(['web'])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('web: {}') });
  } finally {
    await plain.dispose();
  }
});
