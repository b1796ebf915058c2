import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listeningAt, parseSockets } from '../../../src/workspace/local/listening-sockets.ts';
import {
  type Bench,
  commanded,
  freePort,
  makeBench,
  makeFolder,
  OPERATION,
  supervised,
  until,
  webService,
} from './bench.ts';

let bench: Bench;
const strangers: ChildProcess[] = [];
afterEach(async () => {
  for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
  await bench.dispose();
});

const warnings = async () => (await bench.platform.inspect()).warnings;
const note = (...services: string[]) => ({
  operationId: OPERATION,
  notedAt: '2026-01-01T00:00:00.000Z',
  services: services.map((name) => ({ name, ready: true })),
});

async function benchWith(services: (root: string) => readonly object[]): Promise<void> {
  bench = await makeBench(async (root) => ({
    services: services(root),
    volumes: [{ name: 'data', path: await makeFolder(join(root, 'data'), { file: 'text' }) }],
  }));
}

/** Runs until it is killed; answers when the sign stands. */
async function run(command: readonly [string, ...string[]]): Promise<ChildProcess> {
  const sign = join(bench.root, `sign-${strangers.length}`);
  const [program, ...args] = command;
  const stranger = spawn(program, args, { stdio: 'ignore', env: { ...process.env, SIGN: sign } });
  strangers.push(stranger);
  await until('the stranger is at work', () => existsSync(sign));
  return stranger;
}

const HOLD = 'exec 3>>"$1/file"; touch "$SIGN"; exec sleep 100';

describe('a writer who is no service', () => {
  it('is told of before anything is stopped, until it has closed its file', async () => {
    await benchWith(() => [supervised('web')]);
    const stranger = await run(['sh', '-c', HOLD, 'sh', join(bench.root, 'data')]);
    const told = new RegExp(`^Process ${stranger.pid} \\(.*\\) is no service and has .*data/file of data open .*\\.$`);
    expect(await warnings()).toContainEqual(expect.stringMatching(told));
    const [data] = bench.options.settings.volumes;
    const volumes = data ? [{ ...data, capture: 'after-start' as const }] : [];
    const later = bench.again({ settings: { ...bench.options.settings, volumes } });
    expect((await later.inspect()).warnings.filter((one) => one.includes('open for writing'))).toEqual([]);
    stranger.kill('SIGKILL');
    await until('nobody writes', async () => !(await warnings()).some((one) => one.includes('open for writing')));
  });

  it('is told apart from services, which are stopped for the cut', async () => {
    const write = ['sh', '-c', 'exec 3>>../data/file; exec sleep 1000'];
    await benchWith((root) => [supervised('web', write, { folder: join(root, 'state') })]);
    await makeFolder(join(bench.root, 'state'));
    await bench.platform.start(note('web'));
    expect((await warnings()).filter((one) => one.includes('open for writing'))).toEqual([]);
  });

  it('may belong to a service that something else runs, unless it sits at a terminal', async () => {
    await benchWith((root) => [commanded('db', join(root, 'db-runs'))]);
    await run(['sh', '-c', HOLD, 'sh', join(bench.root, 'data')]);
    const told = async () => (await warnings()).filter((one) => one.includes('open for writing'));
    expect(await told()).toHaveLength(1);
    await bench.platform.start(note('db'));
    expect(await told()).toEqual([]);
    const inTerminal = `exec 3>>'${join(bench.root, 'data')}/file'; touch "$SIGN"; exec sleep 100`;
    await run(['script', '-qec', inTerminal, '/dev/null']);
    expect(await told()).toHaveLength(1);
  });
});

/** Ends with whoever started it: without its environment nothing else would find it. */
const LISTEN = `const parent = process.ppid; setInterval(() => process.ppid !== parent && process.exit(), 50);
  require('node:http').createServer((_, answer) => answer.end('mine')).listen(Number(process.argv[1]),
  '127.0.0.1', () => require('node:fs').writeFileSync(process.env.SIGN, ''))`;

describe('a stranger who answers a readiness probe', () => {
  it('is told of, and what it answers does not make a service ready', async () => {
    const port = await freePort();
    const web = { ...supervised('web'), ready: { http: `http://localhost:${port}/` }, startWithin: '1s' };
    await benchWith(() => [web]);
    const stranger = await run([process.execPath, '-e', LISTEN, String(port)]);
    const told = new RegExp(`^At localhost:${port}, .*web .*process ${stranger.pid} \\(.*node.*\\) answers`);
    expect(await warnings()).toContainEqual(expect.stringMatching(told));
    await expect(bench.platform.start(note('web'))).rejects.toMatchObject({
      code: 'service-will-not-start',
      message: expect.stringContaining(`process ${stranger.pid}`),
    });
    expect((await bench.platform.inspect()).services).toEqual([{ name: 'web', running: true, ready: false }]);
  });

  it('is not the service itself, nor what the service started', async () => {
    const port = await freePort();
    const inner = `setsid env -i ${process.execPath} -e "${LISTEN.replaceAll('process.env.SIGN', "'/dev/null'")}" ${port}`;
    await benchWith(() => [
      { ...supervised('outer', ['sh', '-c', `${inner}; exit 1`]), ready: { tcp: `127.0.0.1:${port}` } },
    ]);
    await bench.platform.start(note('outer'));
    expect((await warnings()).filter((one) => one.startsWith('At '))).toEqual([]);
    expect((await bench.platform.inspect()).services).toEqual([{ name: 'outer', running: true, ready: true }]);
  });

  it('is not looked for where nothing listens on this machine', async () => {
    const port = await freePort();
    await benchWith(() => [webService(port)]);
    expect((await warnings()).filter((one) => one.startsWith('At '))).toEqual([]);
  });
});

describe('the kernel’s table of sockets', () => {
  const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 100 0 0 10 0
   3: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 14 1 0 100 0 0 10 0
   4: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 15 1 0 100 0 0 10 0
`;
  const sockets = parseSockets(TABLE);

  it.each([
    ['127.0.0.1', 8080, ['11']],
    ['10.0.0.7', 8080, ['12']],
    ['::1', 8081, ['14']],
    ['127.0.0.1', 8081, []],
    ['127.0.0.1', 8082, ['15']],
    ['fe80::1%eth0', 8082, ['15']],
  ])('says who takes a connection to %s port %i', (address, port, inodes) => {
    expect(listeningAt(address, port, sockets)).toEqual(inodes);
  });
});
