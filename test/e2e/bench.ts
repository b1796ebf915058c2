import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { stringify } from 'yaml';
import type { Operation } from '../../src/records/operation.ts';
import { candidates } from '../mover/restic-world.ts';
import { endEverything, findByCommand, findProcesses, until } from './processes.ts';

const MAIN = resolve('dist/src/main.js');
export const isRoot = process.getuid?.() === 0;
export const TOKEN = 'the token of bob';
export const asBob = { words: ['--as', 'bob'], environment: { CML_TOKEN: TOKEN } };

/** A service that lives until it is told to stop. */
export const web = { name: 'web', command: ['sleep', '86400'], folder: '.' };

export interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SaidJson extends Said {
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked into as a program would, word by word
  readonly answer: any;
}

/** A command line that has begun. */
export interface Begun {
  readonly pid: number;
  readonly ended: Promise<Said>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

export interface SayOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** What the command line is started through. */
  readonly through?: readonly string[];
}

export interface BenchWish {
  /** In the place of one on this machine, which the services, volumes, folders and checks below make up. */
  readonly platform?: object;
  readonly services?: readonly object[];
  readonly volumes?: readonly object[];
  readonly sharedFolders?: readonly object[];
  readonly checks?: readonly object[];
  readonly repository?: object;
  readonly policy?: object;
  /** The program that is told and paged, and its arguments. */
  readonly notify?: readonly string[];
  /** `slack:` of the configuration, and further people. */
  readonly slack?: object;
  readonly people?: object;
  /** Further settings of the workspace, beside its platform, repository and policy. */
  readonly workspace?: object;
  /** Further settings at the top of cml.yaml. */
  readonly more?: object;
  /** Without it there is none: most tests want a wrong or a missing one, or make their own by `cml init`. */
  readonly hasRepository?: boolean;
}

export interface Bench {
  readonly folder: string;
  at(...names: string[]): string;
  /** Writes cml.yaml anew. */
  configure(wish?: BenchWish): Promise<void>;
  /** Says a word and waits until the command line has ended. */
  say(words: readonly string[], options?: SayOptions): Promise<Said>;
  /** The same with `--json`: standard output has to be exactly one JSON document. */
  sayJson(words: readonly string[], options?: SayOptions): Promise<SaidJson>;
  begin(words: readonly string[], options?: SayOptions): Begun;
  /** Runs the server in the foreground and waits until it can be spoken to. */
  serve(words?: readonly string[], options?: SayOptions): Promise<Begun>;
  serverPids(): number[];
  /** Processes of a supervised service. */
  pidsOf(service: string): number[];
  operations(state: 'open' | 'ended'): Promise<Operation[]>;
  /** The open operation as soon as it has begun this step. */
  awaitStep(step: string): Promise<Operation>;
  dispose(): Promise<void>;
}

/** A volume whose cut takes as long as the file `hold` stands, so that something can happen while services are down. */
export function heldVolume(at: Bench['at']): object {
  const make = ['sh', '-c', `while [ -e ${at('hold')} ]; do sleep 0.05; done; cp -a ${at('team-ml/db')} ${at('snap')}`];
  const snapshot = { make, drop: ['rm', '-rf', at('snap')], path: at('snap') };
  return { name: 'db', path: './team-ml/db', capture: 'snapshot', snapshot };
}

/** A folder with one workspace `team-ml` of one volume, and everything that is started for it. */
export async function makeBench(make: BenchWish | ((at: Bench['at']) => BenchWish) = {}): Promise<Bench> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run \`npm run build\` first`);
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cml-e2e-')));
  const at = (...names: string[]) => join(folder, ...names);
  const wish = typeof make === 'function' ? make(at) : make;
  await mkdir(at('cml-data', 'secrets'), { recursive: true });
  await mkdir(at('team-ml', 'db'), { recursive: true });
  await writeFile(at('team-ml', 'db', 'records'), 'one\ntwo\n');
  await writeFile(at('cml-data', 'secrets', 'password'), 'correct horse\n', { mode: 0o600 });
  if (wish.hasRepository !== false) await cp(await emptyRepository(), at('repository'), { recursive: true });
  const configure = (change: BenchWish = wish) => writeFile(at('cml.yaml'), stringify(describeWorkspace(change)));
  await configure();

  const begin: Bench['begin'] = (words, options = {}) => beginProgram(folder, words, options);
  const say: Bench['say'] = (words, options) => begin(words, options).ended;
  const operations: Bench['operations'] = (state) => readOperations(at('cml-data', 'operations', state));
  return {
    folder,
    ...{ at, configure, say, begin, operations },
    async sayJson(words, options) {
      const said = await say([...words, '--json'], options);
      return { ...said, answer: readOneDocument(words, said) };
    },
    async serve(words = [], options = {}) {
      const server = begin(['serve', ...words], options);
      const ended = server.ended.then((said) => Promise.reject(new Error(`the server ended: ${said.stderr}`)));
      ended.catch(() => undefined); // it may end long after it was of interest
      await Promise.race([until('the server answers', () => answers(at('cml-data', 'control.sock'))), ended]);
      return server;
    },
    serverPids: () => {
      const own = new Set(findProcesses(folder));
      return findByCommand((command) => command.includes(`${MAIN} serve`)).filter((pid) => own.has(pid));
    },
    pidsOf: (service) =>
      findProcesses(`CML_SERVICE=team-ml/${service}\0`).filter((pid) => findProcesses(folder).includes(pid)),
    awaitStep: (step) =>
      until(`the operation has begun "${step}"`, async () =>
        (await operations('open')).find(({ journal }) =>
          journal.some((event) => event.type === 'step-began' && event.step === step),
        ),
      ),
    async dispose() {
      await endEverything(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function describeWorkspace(wish: BenchWish): object {
  const { services = [web], volumes, sharedFolders, checks, repository, policy, notify, slack, people } = wish;
  return {
    data: './cml-data',
    people: {
      alice: { uid: process.getuid?.() ?? 0 },
      bob: { token: `sha256:${createHash('sha256').update(TOKEN).digest('hex')}` },
      ...people,
    },
    ...wish.more,
    ...(slack ? { slack } : {}),
    ...(notify ? { notify: { command: notify } } : {}),
    workspaces: {
      'team-ml': {
        platform: wish.platform ?? {
          kind: 'local',
          release: '1.4',
          services,
          volumes: volumes ?? [{ name: 'db', path: './team-ml/db' }],
          ...(sharedFolders ? { sharedFolders } : {}),
          ...(checks ? { checks } : {}),
        },
        repository: {
          kind: 'restic',
          location: './repository',
          passwordFile: './cml-data/secrets/password',
          lockWait: '1s',
          ...repository,
        },
        policy: { notice: '0s', approvers: ['alice', 'bob'], ...policy },
        ...wish.workspace,
      },
    },
  };
}

function beginProgram(folder: string, words: readonly string[], { environment = {}, through = [] }: SayOptions): Begun {
  const [program = '', ...args] = [...through, process.execPath, MAIN, ...words];
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...plainEnvironment(), CML_TEST_FOLDER: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Said>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
  };
}

/** Nothing of the product's own, nor of the test runner's. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, CML_RESTIC } = process.env;
  return { PATH, HOME, NO_COLOR: '1', ...(CML_RESTIC === undefined ? {} : { CML_RESTIC }) };
}

function readOneDocument(words: readonly string[], { stdout, stderr }: Said): unknown {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`"${words.join(' ')} --json" printed: ${stdout}\nand aside: ${stderr}`, { cause });
  }
}

async function readOperations(folder: string): Promise<Operation[]> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const read = names
    .filter((name) => /^op_\w+\.json$/.test(name))
    .map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined); // it may have ended meanwhile
      return text === undefined ? [] : [JSON.parse(text) as Operation];
    });
  return (await Promise.all(read)).flat().toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/** Whether somebody listens there. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

export const restic =
  [process.env.CML_RESTIC ?? '', ...candidates].find((path) => path !== '' && existsSync(path)) ?? 'restic';

/** Runs restic on a bench's repository, as an operator would with nothing else at hand. */
export async function runRestic(bench: Bench, words: readonly string[], password = 'cml-data/secrets/password') {
  const environment = { RESTIC_PASSWORD_FILE: bench.at(password), RESTIC_REPOSITORY: bench.at('repository') };
  const options = { env: { ...plainEnvironment(), ...environment } };
  return (await promisify(execFile)(restic, ['--no-cache', ...words], options)).stdout;
}

let made: Promise<string> | undefined;

// Here, so that it holds for every test file that makes benches.
afterAll(async () => {
  if (made) await rm(dirname(await made), { recursive: true, force: true });
});

/** Made once for each test file: making one takes longer than copying it. */
function emptyRepository(): Promise<string> {
  made ??= (async () => {
    const place = join(await mkdtemp(join(tmpdir(), 'cml-e2e-repository-')), 'repository');
    const env = { ...plainEnvironment(), RESTIC_PASSWORD: 'correct horse', RESTIC_REPOSITORY: place };
    await promisify(execFile)(restic, ['--no-cache', 'init'], { env });
    return place;
  })();
  return made;
}
