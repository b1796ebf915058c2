import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import { PortError, UserError } from '../../errors.ts';
import { type Call, callServer, readAnswer, wasNotHeard } from './http.ts';
import { writeProof } from './proof.ts';
import * as protocol from './protocol.ts';

export interface ConnectionOptions {
  readonly socketPath: string;
  readonly noncesFolder: string;
  readonly clock: Clock;
  /** Starts a server on its own; it may take a while to answer. Without it, a missing server is an error. */
  readonly startServer?: () => Promise<void>;
}

/** Calls to a server that knows who we are. */
export interface Connection {
  hello(): Promise<protocol.Hello>;
  /**
   * Proves who we are where that is needed; a call that nobody heard, or heard too late, is made once more.
   * @throws UserError in the words of a refusal, PortError `server-unavailable`.
   */
  call(
    call: Omit<Call, 'socketPath' | 'session'>,
  ): Promise<{ readonly response: IncomingMessage; readonly call: Call }>;
}

/** How long a server may be away, starting or starting again, before we give up. */
export const AWAY_MS = 15_000;
export const LOOK_AGAIN_MS = 100;
const SESSION_OVER = 401;

/** The server's own words. Here it is the person who asked that has to act, whatever family it was there. */
async function refused(response: IncomingMessage, call: Call): Promise<UserError> {
  const { code, message, hint } = await readAnswer(response, protocol.refusal, call);
  return new UserError(code, message, { hint });
}

async function sayHello(socketPath: string): Promise<protocol.Hello> {
  const call: Call = { socketPath, method: 'GET', path: '/hello' };
  const found = await readAnswer(await callServer(call), protocol.hello, call);
  if (found.protocol === protocol.PROTOCOL) return found;
  throw new PortError('server-unavailable', `A server of another version (${found.version}) is running.`, {
    hint: `End it (process ${found.pid}) and try again.`,
  });
}

async function waitForServer({ socketPath, clock, startServer }: ConnectionOptions): Promise<void> {
  let until: number | undefined;
  for (;;) {
    try {
      await sayHello(socketPath);
      return;
    } catch (error) {
      if (!wasNotHeard(error) || !startServer) throw error;
      if (until !== undefined && clock.now().getTime() > until) throw error;
    }
    if (until === undefined) await startServer();
    until ??= clock.now().getTime() + AWAY_MS;
    await clock.sleep(LOOK_AGAIN_MS);
  }
}

async function leaveProof(noncesFolder: string, challenge: protocol.Challenge) {
  try {
    return await writeProof(noncesFolder, challenge);
  } catch (cause) {
    throw new PortError(
      'server-unavailable',
      `You cannot write to ${noncesFolder}, where callers prove who they are.`,
      {
        cause,
        hint: 'Is this the data folder of the server that runs, and is its disk full?',
      },
    );
  }
}

async function prove(options: ConnectionOptions): Promise<string> {
  await waitForServer(options);
  const ask: Call = { socketPath: options.socketPath, method: 'POST', path: '/challenge' };
  const challenge = await readAnswer(await callServer(ask), protocol.challenge, ask);
  const proof = await leaveProof(options.noncesFolder, challenge);
  try {
    const call: Call = { ...ask, path: '/proof', body: { name: challenge.name } };
    const response = await callServer(call);
    if (response.statusCode !== 200) throw await refused(response, call);
    return (await readAnswer(response, protocol.session, call)).session;
  } finally {
    await proof.withdraw();
  }
}

export function createConnection(options: ConnectionOptions): Connection {
  const { socketPath } = options;
  let session: string | undefined;
  return {
    hello: () => sayHello(socketPath),
    async call(call) {
      for (let again = false; ; again = true) {
        session ??= await prove(options);
        const whole: Call = { ...call, socketPath, session };
        try {
          const response = await callServer(whole);
          if (response.statusCode === 200) return { response, call: whole };
          if (response.statusCode !== SESSION_OVER || again) throw await refused(response, whole);
          response.resume();
        } catch (error) {
          if (!wasNotHeard(error) || again) throw error;
        }
        session = undefined;
      }
    },
  };
}
