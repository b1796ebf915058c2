import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createTerminalClient } from '../src/chat/terminal/client.ts';
import { systemClock } from '../src/clock.ts';
import { type Operation, operation } from '../src/records/operation.ts';
import type { Capture } from '../src/records/workspace.ts';
import { keepOutputs, readTook, type Took } from './took.ts';
import { MARK } from './world.ts';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const LOOK_MS = 50;
/** The first start with a large catalog reads every record. */
const START_MS = 120_000;

/** The real server, spoken to over its socket. No word waits longer than the server takes. */
export interface Product {
  readonly pid: number;
  startServices(workspace: string): Promise<void>;
  /** Answers the operation's id as soon as it has begun. */
  beginBackup(workspace: string, capture?: Capture): Promise<string>;
  backUp(workspace: string, capture?: Capture): Promise<Operation>;
  /** Asked for by one, approved by the other. */
  restore(workspace: string, backupId: string): Promise<Operation>;
  cancel(operationId: string): Promise<void>;
  /** As it stands now, open or ended. */
  look(operationId: string): Promise<Operation | undefined>;
  ended(operationId: string): Promise<Operation>;
  /** Ids of all that have not ended. */
  open(): Promise<readonly string[]>;
  /** What stood inside a program of an operation. */
  took(operationId: string, key: string): Promise<Took>;
  /** SIGTERM; resolves when it is gone. */
  end(): Promise<void>;
}

const begun = z.object({ operation: z.object({ id: z.string() }) });
const requested = z.object({ request: z.object({ id: z.string() }) });
const used = z.object({ status: z.string(), operationId: z.string().optional() });

/**
 * @param folder holds cml.yaml, `mark` is what every process started from here carries in its environment
 * @param environment what the server alone has besides
 */
export async function startProduct(
  folder: string,
  mark: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Product> {
  const data = join(folder, 'cml-data');
  const output = openSync(join(folder, 'server.out'), 'a');
  const server = spawn(process.execPath, [MAIN, 'serve'], {
    cwd: folder,
    env: { ...process.env, ...environment, [MARK]: mark },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const place = { socketPath: join(data, 'control.sock'), noncesFolder: join(data, 'nonces'), clock: systemClock };
  const say = async (name: string, word: string, input: Record<string, unknown>) =>
    (await createTerminalClient(place).say({ as: { name }, word, input })).json;
  await awaitServer(() => createTerminalClient(place).hello(), server, join(folder, 'server.out'));

  const look = (id: string) => readOperation(data, id);
  const ended = async (id: string): Promise<Operation> => {
    const isOpen = () => existsSync(join(data, 'operations', 'open', `${id}.json`));
    for (;;) {
      await keepOutputs(join(data, 'work', id), join(folder, 'outputs', id));
      // Nothing more is read while it runs: what watches must not take the processor from what is measured.
      const found = isOpen() ? undefined : await look(id);
      if (found && found.status !== 'running') return found;
      if (server.exitCode !== null)
        throw new Error(`the server ended: ${await readFile(join(folder, 'server.out'), 'utf8')}`);
      await wait(LOOK_MS);
    }
  };
  const beginBackup = async (workspace: string, capture?: Capture) => {
    const answered = await say('alice', 'backup', { workspace, ...(capture === undefined ? {} : { capture }) });
    return begun.parse(answered).operation.id;
  };
  return {
    pid: server.pid ?? 0,
    ...{ beginBackup, look, ended },
    open: async () => (await readdir(join(data, 'operations', 'open'))).map((name) => basename(name, '.json')),
    took: (id, key) => readTook(join(folder, 'outputs', id, `${key}.out`)),
    startServices: async (workspace) => void (await say('alice', 'start', { workspace })),
    backUp: async (workspace, capture) => expectSuccess(await ended(await beginBackup(workspace, capture))),
    async restore(workspace, backup) {
      const { request } = requested.parse(await say('alice', 'restore', { backup, confirm: workspace }));
      await say('bob', 'approve', { request: request.id });
      return expectSuccess(await ended(await operationOf(join(data, 'requests', `${request.id}.json`))));
    },
    cancel: async (subject) => void (await say('alice', 'cancel', { subject })),
    async end() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}

async function awaitServer(hello: () => Promise<unknown>, server: { exitCode: number | null }, output: string) {
  for (const until = Date.now() + START_MS; ; await wait(LOOK_MS)) {
    try {
      return await hello();
    } catch (cause) {
      if (server.exitCode === null && Date.now() < until) continue;
      throw new Error(`the server does not answer: ${await readFile(output, 'utf8')}`, { cause });
    }
  }
}

function placeOf(data: string, state: string, id: string): string {
  return join(data, 'operations', state, `${id}.json`);
}

async function readOperation(data: string, id: string): Promise<Operation | undefined> {
  for (const state of ['open', 'ended']) {
    const path = placeOf(data, state, id);
    if (existsSync(path)) {
      const text = await readFile(path, 'utf8').catch(() => undefined); // it moves from one folder to the other
      if (text !== undefined) return operation.parse(JSON.parse(text));
    }
  }
  return undefined;
}

/** The operation that an approved request was used for. */
async function operationOf(path: string): Promise<string> {
  for (const until = Date.now() + START_MS; ; await wait(LOOK_MS)) {
    const { status, operationId } = used.parse(JSON.parse(await readFile(path, 'utf8')));
    if (operationId !== undefined) return operationId;
    if (Date.now() > until) throw new Error(`the request is ${status} and was not used`);
  }
}

function expectSuccess(found: Operation): Operation {
  if (found.status === 'succeeded') return found;
  throw new Error(`${found.kind} ${found.id} ${found.status}: ${found.error?.message ?? 'without an error'}`);
}
