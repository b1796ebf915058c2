import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execaSync } from 'execa';
import { systemClock } from '../../../src/clock.ts';
import type { Log } from '../../../src/log.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import { allPids, findProcesses, sendSignal } from '../../../src/workspace/local/find-processes.ts';
import { createLocalPlatform, type LocalPlatformOptions } from '../../../src/workspace/local/platform.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import { localSettings } from '../../../src/workspace/local/settings.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';

export const WORKSPACE = 'team-ml';
export const OPERATION = 'op_0000000001';
export const OTHER_OPERATION = 'op_0000000002';
export const wishes = (...names: string[]) => names.map((part) => ({ part }));
/** Where whole parts beside which nothing is mounted are staged. */
export const stagedBeside = (root: string, operationId: string, ...names: string[]) =>
  names.map((part) => ({ part, path: join(root, `.cml-${operationId}-stage-${part}`) }));
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The guard is a program of its own, so it is the built one that runs; `npm test` builds first. */
export const guardMain = resolve('dist/src/workspace/local/guard-main.js');

/** Lives until it is told to stop. */
export const obedient = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'];
export const stubborn = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'];

const WEB = `
const http = require('node:http');
const server = http.createServer((request, response) => response.end('ok'));
setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1'), 100);
process.on('SIGTERM', () => process.exit(0));
`;

export function webService(port: number) {
  return {
    name: 'web',
    command: [process.execPath, '-e', WEB],
    folder: '/',
    environment: { PORT: String(port) },
    ready: { http: `http://127.0.0.1:${port}/` },
    startWithin: '20s',
    staysUp: '20ms',
    stop: { grace: '10s' },
  };
}

/** Services are started often in these tests, and none of these falls over afterwards. */
const QUICK = { staysUp: '20ms' };

export function supervised(name: string, command: readonly string[] = obedient, more: object = {}) {
  return { ...QUICK, name, command: [...command], folder: '/', stop: { grace: '10s' }, ...more };
}

/** A service that runs for as long as a file stands. */
export function commanded(name: string, file: string) {
  return { ...QUICK, name, start: ['touch', file], stop: ['rm', '-f', file], status: ['test', '-e', file] };
}

/** Being root is not enough: a container may lack the right to mount. */
export const canMount = execaSync('unshare', ['--mount', 'true'], { reject: false }).exitCode === 0;

export interface Bench {
  readonly root: string;
  readonly folder: string;
  readonly options: LocalPlatformOptions;
  readonly platform: WorkspacePlatform;
  /** Another life of the server: the same state, a new object. */
  again(change?: Partial<LocalPlatformOptions>): WorkspacePlatform;
  pidsOf(service: string): number[];
  guards(operationId?: string): number[];
  dispose(): Promise<void>;
}

interface BenchSettings {
  readonly services?: readonly object[];
  readonly volumes?: readonly object[];
  readonly sharedFolders?: readonly object[];
  readonly definition?: object;
  readonly checks?: readonly object[];
  readonly pageCommand?: readonly string[];
}

export async function makeBench(make: (root: string) => BenchSettings | Promise<BenchSettings>): Promise<Bench> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cml-local-')));
  const folder = join(root, 'state');
  const { pageCommand, ...settings } = await make(root);
  const options: LocalPlatformOptions = {
    workspace: WORKSPACE,
    settings: localSettings.parse({ kind: 'local', release: '1.4', ...settings }),
    policy: workspacePolicy.parse({}),
    folder,
    workFolder: (operationId) => join(root, 'work', operationId),
    run: createLocalRunProgram(),
    clock: systemClock,
    log: silent,
    guardProgram: [process.execPath, guardMain],
    ...(pageCommand === undefined ? {} : { pageCommand }),
  };
  const marked = (...marks: string[]) => findProcesses({ marks: [`CML_STATE=${folder}`, ...marks] });
  return {
    root,
    folder,
    options,
    platform: createLocalPlatform(options),
    again: (change = {}) => createLocalPlatform({ ...options, ...change }),
    pidsOf: (service) => marked(`CML_SERVICE=${WORKSPACE}/${service}`).map(({ pid }) => pid),
    guards: (operationId = OPERATION) => marked(`CML_GUARD=${operationId}`).map(({ pid }) => pid),
    async dispose() {
      for (let left = marked(); left.length > 0; left = marked()) {
        for (const process of left) sendSignal(process, 'SIGKILL');
        await pause(10);
      }
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function assertGuardIsBuilt(): void {
  if (!existsSync(guardMain)) throw new Error(`${guardMain} is missing: run \`npm run build\` first`);
}

/** Polls until it holds; the message says what was awaited. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const beganAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - beganAt > withinMs) throw new Error(`waited too long until ${what}`);
    await pause(20);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

export async function makeFolder(path: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  await mkdir(path, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

export async function readIfThere(path: string): Promise<string | undefined> {
  return existsSync(path) ? readFile(path, 'utf8') : undefined;
}

export async function listIfThere(path: string): Promise<string[] | undefined> {
  return existsSync(path) ? (await readdir(path)).sort() : undefined;
}

export const isRunning = (pid: number) => allPids().includes(pid);
