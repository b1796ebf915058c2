import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Ask, createAsk } from './chat/terminal/ask.ts';
import { createTerminalClient } from './chat/terminal/client.ts';
import { type Conversation, converse } from './chat/terminal/converse.ts';
import type { SaidLine } from './chat/terminal/protocol.ts';
import { ownTimeZone } from './chat/terminal/reading.ts';
import { renderAnswer } from './chat/terminal/render.ts';
import { systemClock } from './clock.ts';
import type { ConfigSource } from './config.ts';
import { readBasics } from './config-basics.ts';
import { AppError, PortError } from './errors.ts';
import { workspaceName } from './records/workspace.ts';

export interface Said {
  readonly word: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly globals: { readonly json: boolean; readonly detach: boolean; readonly as?: string | undefined };
  readonly source: ConfigSource;
  readonly colour: (stream: NodeJS.WriteStream) => boolean;
}

/** Seconds a server that was started for one word stays after the last one. */
const IDLE = '60s';
/** Exit code of a server that found another one at home. */
const ALREADY_SERVED = 3;
/** Exit code of a server whose configuration is not in order. */
const BAD_CONFIGURATION = 2;

/** Says one word to the server, starting one when none runs. Answers the exit code. */
export async function sayWord(said: Said): Promise<number> {
  const { data } = await readBasics(said.source);
  const client = createTerminalClient({
    socketPath: join(data, 'control.sock'),
    noncesFolder: join(data, 'nonces'),
    clock: systemClock,
    startServer: () => startServer(said.source, data),
  });
  const leave = new AbortController();
  process.once('SIGINT', () => leave.abort());
  process.once('SIGTERM', () => leave.abort());
  const conversation: Conversation = {
    client,
    input: process.stdin,
    output: process.stdout,
    aside: process.stderr,
    colour: { output: said.colour(process.stdout), aside: said.colour(process.stderr) },
    json: said.globals.json,
    stay: !said.globals.detach,
    keyWords: {
      postpone: ({ id }) => withSpeaker('postpone', { subject: id }, said),
      cancel: ({ id }) => withSpeaker('cancel', { subject: id }, said),
    },
    afterwards: ({ id }) => withSpeaker('status', { subject: id }, said),
    clock: systemClock,
    timeOfDay: (moment) =>
      moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }),
    timeZone: ownTimeZone(),
    signal: leave.signal,
  };
  const ask = createAsk({ input: process.stdin, output: process.stderr });
  const isAsked = process.stdin.isTTY && process.stderr.isTTY && !said.globals.json;
  if (said.word === 'approve' && isAsked && !(await wantsToApprove(conversation, said, ask))) {
    process.stderr.write('Nothing was decided.\n');
    return 0;
  }
  return converseAsking(conversation, withSpeaker(said.word, said.given, said), ask, said.source);
}

function withSpeaker(word: string, input: Readonly<Record<string, unknown>>, { globals, source }: Said): SaidLine {
  const token = source.environment.CML_TOKEN;
  const as = globals.as === undefined ? {} : { as: { name: globals.as, ...(token ? { token } : {}) } };
  return { word, input: { ...input }, ...as };
}

/** Says it; where the server needs a token or the workspace's name first, asks for it and says it again. */
async function converseAsking(
  conversation: Conversation,
  line: SaidLine,
  ask: Ask,
  source: ConfigSource,
): Promise<number> {
  try {
    return await converse(conversation, line);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'token-needed' && line.as && !line.as.token) {
      const as = {
        ...line.as,
        token: await ask.secret({ text: `Token of ${line.as.name}`, instead: 'the variable CML_TOKEN' }),
      };
      return converseAsking(speakingAs(conversation, as), { ...line, as }, ask, source);
    }
    if (error.code === 'not-confirmed' && Object.hasOwn(CONFIRMED, line.word) && line.input.confirm === undefined) {
      const confirm = await confirmName(conversation, line, ask);
      return converseAsking(conversation, { ...line, input: { ...line.input, confirm } }, ask, source);
    }
    throw error;
  }
}

/** What is said later in the same conversation, by a key or for the last answer, is said by the same person. */
function speakingAs(conversation: Conversation, as: NonNullable<SaidLine['as']>): Conversation {
  const { keyWords, afterwards } = conversation;
  return {
    ...conversation,
    keyWords: {
      postpone: (view) => ({ ...keyWords.postpone(view), as }),
      cancel: (view) => ({ ...keyWords.cancel(view), as }),
    },
    ...(afterwards ? { afterwards: (view) => ({ ...afterwards(view), as }) } : {}),
  };
}

/** On a terminal the approver reads what would happen before it does. */
async function wantsToApprove(
  { client, aside, colour, timeZone }: Conversation,
  said: Said,
  ask: Ask,
): Promise<boolean> {
  const { request } = said.given;
  if (typeof request !== 'string') return true; // the server says what is missing
  const shown = await client.say({ word: 'status', input: { subject: request } });
  aside.write(renderAnswer(shown, { colour: colour.aside, timeZone, columns: aside.columns }));
  return ask.yesOrNo({ text: `Approve ${request}?`, instead: 'a pipe' });
}

/** What people confirm by the workspace's name: what it does to it. */
const CONFIRMED: Readonly<Record<string, (workspace: string) => string>> = {
  restore: (workspace) => `This overwrites ${workspace} once another person approved it.`,
  undo: (workspace) => `This overwrites ${workspace} with what stood there before, once another person approved it.`,
  catalog: (workspace) => `This removes copies from the repository of ${workspace} for ever.`,
  delete: (workspace) => `This removes a backup of ${workspace} for ever once another person approved it.`,
};

/** Shows what would be done, then has the workspace's name typed. */
async function confirmName(
  { client, aside, colour, timeZone }: Conversation,
  line: SaidLine,
  ask: Ask,
): Promise<string> {
  const shown = await client.say({ ...line, input: { ...line.input, dryRun: true } });
  const { workspace: name } = planAnswer.parse(shown.json).plan;
  const reading = { colour: colour.aside, timeZone, columns: aside.columns };
  aside.write(renderAnswer({ ...shown, hint: undefined } as typeof shown, reading));
  await ask.confirmName({
    why: CONFIRMED[line.word]?.(name) ?? '',
    name,
    instead: `--confirm ${name}`,
  });
  return name;
}

const planAnswer = z.object({ plan: z.object({ workspace: workspaceName }) });

/** Starts a server of its own session; resolves when it runs or has left because another one does. */
async function startServer(source: ConfigSource, data: string): Promise<void> {
  await mkdir(data, { recursive: true });
  const errors = join(data, 'server.err');
  const file = await open(errors, 'w', 0o600);
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const config = source.path === undefined ? [] : ['--config', source.path];
  const child = spawn(process.execPath, [main, 'serve', '--idle', IDLE, ...config], {
    cwd: source.cwd,
    env: withoutToken(source.environment),
    detached: true,
    stdio: ['ignore', 'ignore', file.fd],
  });
  child.unref();
  await file.close();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
  // A server that cannot begin says so within a moment; one that can is found by its socket.
  const decided = new AbortController();
  const code = await Promise.race([ended, waitForSocket(join(data, 'control.sock'), decided.signal)]);
  decided.abort();
  if (code === undefined || code === 0 || code === ALREADY_SERVED) return;
  // The same problems in the same words as the server's, and with their exit code.
  if (code === BAD_CONFIGURATION) await (await import('./config.ts')).readConfig(source);
  throw new PortError('server-unavailable', `The server could not start: ${(await readFile(errors, 'utf8')).trim()}`, {
    hint: 'Run `cml serve` to see it begin.',
  });
}

/** A token is one word's proof; in the environment of a server that stays, others could read it. */
function withoutToken({ CML_TOKEN: _token, ...environment }: ConfigSource['environment']): NodeJS.ProcessEnv {
  return environment;
}

const MOST_MS = 120_000;

async function waitForSocket(path: string, decided: AbortSignal): Promise<undefined> {
  const { createConnection } = await import('node:net');
  for (let waitedMs = 0; waitedMs < MOST_MS && !decided.aborted; waitedMs += 50) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const connection = createConnection(path);
      connection.once('connect', () => resolve(true) ?? connection.destroy());
      connection.once('error', () => resolve(false));
    });
    if (isOpen) return undefined;
    await systemClock.sleep(50);
  }
  return undefined;
}
