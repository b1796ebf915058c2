import { spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../workspace/local/bench.ts';
import { asBob, type Begun, type Bench, makeBench, TOKEN } from './bench.ts';
import { curl } from './curl.ts';
import { findByCommand, sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 60_000 });

const ODD = 'a [1] -x\n.txt';

let bench: Bench;
let origin: string;
let backup: string;
let server: Begun;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  const sharedFolders = [{ name: 'projects', path: './team-ml/projects', location: 'internal' }];
  bench = await makeBench({ more: { web: { port } }, policy: { files: ['bob'] }, sharedFolders });
  const folder = bench.at('team-ml', 'projects');
  await mkdir(join(folder, 'alice'), { recursive: true });
  await writeFile(join(folder, 'alice', ODD), 'odd');
  await writeFile(join(folder, 'large'), Buffer.alloc(20 * 2 ** 20, 'content'));
  server = await bench.serve();
  const made = await bench.sayJson(['backup', 'team-ml', '--now']);
  backup = made.answer.backup.id;
});
afterAll(() => bench?.dispose());

describe('the files of a backup', () => {
  test('are listed and saved on the terminal by who may', async () => {
    const refused = await bench.say(['files', backup]);
    expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining('Who may: bob.')]);
    const as = ['--as', 'bob'];
    const { environment } = asBob;
    const say = (words: readonly string[]) => bench.sayJson([...words, ...as], { environment });
    expect((await say(['files', backup, 'projects/alice'])).answer.entries).toMatchObject([{ name: ODD, bytes: 3 }]);
    const to = bench.at('saved');
    const saved = await say(['files', backup, 'projects/large', '--save', to]);
    expect(saved.answer).toMatchObject({ savedAs: to, bytes: 20 * 2 ** 20 });
    expect((await readFile(to)).equals(Buffer.alloc(20 * 2 ** 20, 'content'))).toBe(true);
    expect((await stat(to)).mode & 0o777).toBe(0o600);
  });

  test('are downloaded on the page by who may, and stand in the audit trail', async () => {
    const ask = (path: string) =>
      curl([
        '-H',
        `Authorization: Bearer ${TOKEN}`,
        `${origin}/backups/${backup}/file?path=${encodeURIComponent(path)}`,
      ]);
    const odd = await ask(`projects/alice/${ODD}`);
    expect([odd.status, odd.text, odd.headers.get('content-type')]).toEqual([200, 'odd', 'application/octet-stream']);
    expect((await ask('projects/../db/records')).status).toBe(400);
    expect((await ask('db/records')).status).toBe(403);
    const audit = (await readFile(bench.at('cml-data/audit.jsonl'), 'utf8')).split('\n').filter(Boolean);
    const files = audit.map((line) => JSON.parse(line)).filter(({ did }) => did === 'downloaded');
    expect(files.map(({ by, file }) => [by.name, file])).toEqual([
      ['bob', { path: 'projects/large', bytes: 20 * 2 ** 20 }],
      ['bob', { path: `projects/alice/${ODD}`, bytes: 3 }],
    ]);
  });

  test('are read by nobody any more when the reader leaves, or the server is killed', async () => {
    const readers = () =>
      findByCommand((command) => / dump [0-9a-f]{64} /.test(command) && command.includes(bench.folder));
    const begin = async () => {
      const slowly = ['--limit-rate', '10k', '-H', `Authorization: Bearer ${TOKEN}`, '-o', '/dev/null'];
      const reader = spawn('curl', ['-sS', ...slowly, `${origin}/backups/${backup}/file?path=projects/large`]);
      await until('it is read', () => readers().length > 0);
      return reader;
    };
    (await begin()).kill('SIGKILL');
    await until('nothing reads for who left', () => readers().length === 0);
    const reader = await begin();
    sendSignal(server.pid, 'SIGKILL');
    await until('nothing reads for a server that was killed', () => readers().length === 0);
    reader.kill('SIGKILL');
  });
});
