import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { TestContext } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import { asBob, type Begun, type Bench, type BenchWish, makeBench, restic } from '../e2e/bench.ts';
import { findProcesses, sendSignal, until } from '../e2e/processes.ts';
import { type Tree, walk } from '../walker.ts';
import { quickenRepository } from './quick-repository.ts';

export type Here = Pick<TestContext, 'onTestFinished'>;

/** A bench whose restic can be troubled at any one call, and whose pages can be read. */
export interface FaultBench extends Bench {
  /** Two services, told apart by their names. */
  readonly services: readonly string[];
  /** What restic does at this call, as lines of shell before the real one is run: by the call's key, such as `delta`. */
  trouble(call: string, lines: string): Promise<void>;
  /** Holds restic at this call until let go. */
  hold(call: string): Promise<Held>;
  /** The server with the troubled restic, services started. */
  up(more?: NodeJS.ProcessEnv): Promise<Begun>;
  isUp(): boolean;
  /** What people were paged with; empty when they were not. */
  pages(): Promise<string>;
  /** A backup to its end. */
  backUp(words?: readonly string[]): Promise<Ended>;
  /** Asks for a restore and approves it; resolves with the request, the restore begun. */
  approveRestore(backup: string): Promise<string>;
  /** The one operation that ended last. */
  lastEnded(): Promise<Operation>;
  /** Waits until nothing is open any more. */
  settled(withinMs?: number): Promise<Operation>;
  picture(): Promise<Tree>;
  /** Ends every process of this bench that matches; answers how many. */
  strike(mark: string, signal: NodeJS.Signals): number;
}

type Ended = Pick<Operation, 'id' | 'status' | 'error'>;

export interface Held {
  reached(): Promise<void>;
  letGo(): Promise<void>;
}

const PASSWORD = 'correct horse';
export const SERVICES = [
  { name: 'web', command: ['sleep', '86400'], folder: '.' },
  { name: 'db', command: ['sleep', '86400'], folder: '.' },
];

export async function given(
  { onTestFinished }: Here,
  make: BenchWish | ((at: Bench['at']) => BenchWish) = {},
): Promise<FaultBench> {
  const wholeWish = (wish: BenchWish, at: Bench['at']): BenchWish => ({
    services: SERVICES,
    notify: ['sh', '-c', `(printf '%s|' "$CML_URGENT"; cat) >>${at('told')}`],
    ...wish,
    policy: { downtimeBudget: '20s', guardMargin: '10s', ...wish.policy },
  });
  const wishAt = (at: Bench['at']) => (typeof make === 'function' ? make(at) : make);
  const bench = await makeBench((at) => wholeWish(wishAt(at), at));
  onTestFinished(() => bench.dispose());
  await quickenRepository(bench.at('repository'), PASSWORD);
  await mkdir(bench.at('trouble'));
  await mkdir(bench.at('team-ml/db/deep'));
  for (let number = 0; number < 12; number++) {
    await writeFile(bench.at('team-ml/db/deep', `file-${number}`), `${number}\n`.repeat(100 * (number + 1)));
  }
  const program = bench.at('restic');
  const script = `#!/bin/sh\ntrouble=${bench.at('trouble')}/\${CML_PROGRAM##*/}\n[ ! -e "$trouble" ] || . "$trouble"\nexec ${restic} "$@"\n`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  const environment: NodeJS.ProcessEnv = { CML_RESTIC: program };
  const services = (wishAt(bench.at).services ?? SERVICES) as { name: string }[];
  const names = services.map(({ name }) => name);
  const trouble: FaultBench['trouble'] = (call, lines) => writeFile(bench.at('trouble', call), `${lines}\n`);
  const say: Bench['say'] = (words, options) => bench.say(words, withRestic(options));
  const sayJson: Bench['sayJson'] = (words, options) => bench.sayJson(words, withRestic(options));
  const begin: Bench['begin'] = (words, options) => bench.begin(words, withRestic(options));
  const isUp = () => names.every((name) => bench.pidsOf(name).length > 0);
  const lastEnded = async () => {
    const ended = (await bench.operations('ended')).toSorted((a, b) =>
      (a.endedAt ?? '') < (b.endedAt ?? '') ? -1 : 1,
    );
    const last = ended.at(-1);
    if (!last) throw new Error('no operation has ended');
    return last;
  };
  const withOwn = (options: Parameters<Bench['serve']>[1]) => withRestic(options);
  return {
    ...bench,
    ...{ services: names, trouble, say, sayJson, begin, isUp, lastEnded },
    configure: (change = {}) => bench.configure(wholeWish({ ...wishAt(bench.at), ...change }, bench.at)),
    serve: (words, options) => bench.serve(words, withOwn(options)),
    async up(more = {}) {
      Object.assign(environment, more); // for every later word too: client and server share a machine, and its clock
      const server = await bench.serve([], { environment });
      const started = await sayJson(['start', 'team-ml']);
      if (started.exitCode !== 0) throw new Error(started.stderr);
      return server;
    },
    async hold(call) {
      const gate = bench.at(`hold-${call}`);
      await writeFile(gate, '');
      await trouble(call, `: >${gate}.reached; while [ -e ${gate} ]; do sleep 0.05; done`);
      return {
        reached: async () => void (await until(`restic is at "${call}"`, () => existsSync(`${gate}.reached`))),
        letGo: () => rm(gate, { force: true }),
      };
    },
    pages: async () => {
      const told = await readFile(bench.at('told'), 'utf8').catch(() => '');
      return told
        .split('\n')
        .filter((line) => line.startsWith('1|'))
        .join('\n');
    },
    async backUp(words = []) {
      const { answer, stderr } = await sayJson(['backup', 'team-ml', ...words]);
      if (!answer.operation) throw new Error(stderr);
      return answer.operation;
    },
    async approveRestore(backup) {
      const asked = await sayJson(['restore', backup, '--confirm', 'team-ml']);
      if (asked.exitCode !== 0) throw new Error(asked.stderr);
      const { id } = asked.answer.request;
      const approved = await sayJson(['approve', id, ...asBob.words], asBob);
      if (approved.exitCode !== 0) throw new Error(approved.stderr);
      return id;
    },
    async settled(withinMs = 60_000) {
      await until('nothing is open', async () => (await bench.operations('open')).length === 0, withinMs);
      return lastEnded();
    },
    picture: () => walk(bench.at('team-ml/db')),
    strike(mark, signal) {
      const own = new Set(findProcesses(bench.folder));
      const struck = findProcesses(mark).filter((pid) => own.has(pid));
      for (const pid of struck) sendSignal(pid, signal);
      return struck.length;
    },
  };

  function withRestic<T extends Parameters<Bench['say']>[1]>(options: T) {
    return { ...options, environment: { ...environment, ...options?.environment } };
  }
}

/** Some megabytes that nothing can store smaller. */
export async function addNoise(path: string, bytes: number): Promise<void> {
  await appendFile(path, randomBytes(bytes));
}
