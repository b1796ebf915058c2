import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import { PortError, UserError } from '../../errors.ts';
import { type Answer, answer } from '../answer.ts';
import { type Call, callServer, readAnswer, wasNotHeard } from './http.ts';
import { writeProof } from './proof.ts';
import * as protocol from './protocol.ts';

export interface TerminalClientOptions {
  readonly socketPath: string;
  readonly noncesFolder: string;
  readonly clock: Clock;
  /** Starts a server on its own; it may take a while to answer. Without it, a missing server is an error. */
  readonly startServer?: () => Promise<void>;
}

export interface TerminalClient {
  hello(): Promise<protocol.Hello>;
  /** @throws UserError in the words and with the code of the server's refusal, PortError `server-unavailable`. */
  say(line: protocol.SaidLine): Promise<Answer>;
  /** Goes on across a restart of the server. Ends after the last event; throws the reason when `signal` is aborted. */
  follow(operationId: string, signal?: AbortSignal): AsyncIterable<protocol.FollowEvent>;
  followRequest(requestId: string, signal?: AbortSignal): AsyncIterable<protocol.FollowEvent>;
}

/** How long a server may be away, starting or starting again, before we give up. */
const AWAY_MS = 15_000;
const LOOK_AGAIN_MS = 100;
const SESSION_OVER = 401;

/** A line without an end is what a server that died leaves: it is not an event. */
async function* readEvents(response: IncomingMessage): AsyncIterable<protocol.FollowEvent> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield protocol.followEvent.parse(JSON.parse(line));
  }
}

export function createTerminalClient(options: TerminalClientOptions): TerminalClient {
  const { socketPath, noncesFolder, clock } = options;
  let session: string | undefined;

  async function hello(): Promise<protocol.Hello> {
    const call: Call = { socketPath, method: 'GET', path: '/hello' };
    const found = await readAnswer(await callServer(call), protocol.hello, call);
    if (found.protocol === protocol.PROTOCOL) return found;
    throw new PortError('server-unavailable', `A server of another version (${found.version}) is running.`, {
      hint: `End it (process ${found.pid}) and try again.`,
    });
  }

  async function waitForServer(): Promise<void> {
    try {
      await hello();
      return;
    } catch (error) {
      if (!wasNotHeard(error) || !options.startServer) throw error;
    }
    await options.startServer();
    const until = clock.now().getTime() + AWAY_MS;
    for (;;) {
      try {
        await hello();
        return;
      } catch (error) {
        if (!wasNotHeard(error) || clock.now().getTime() > until) throw error;
        await clock.sleep(LOOK_AGAIN_MS);
      }
    }
  }

  async function leaveProof(challenge: protocol.Challenge) {
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

  async function prove(): Promise<string> {
    await waitForServer();
    const ask: Call = { socketPath, method: 'POST', path: '/challenge' };
    const challenge = await readAnswer(await callServer(ask), protocol.challenge, ask);
    const proof = await leaveProof(challenge);
    try {
      const call: Call = { ...ask, path: '/proof', body: { name: challenge.name } };
      const response = await callServer(call);
      if (response.statusCode !== 200) throw await refused(response, call);
      return (await readAnswer(response, protocol.session, call)).session;
    } finally {
      await proof.withdraw();
    }
  }

  /** The server's own words. Here it is the person who asked that has to act, whatever family it was there. */
  async function refused(response: IncomingMessage, call: Call): Promise<UserError> {
    const { code, message, hint } = await readAnswer(response, protocol.refusal, call);
    return new UserError(code, message, { hint });
  }

  /** Proves who we are where that is needed; a call that nobody heard, or heard too late, is made once more. */
  async function callProven(
    call: Omit<Call, 'socketPath' | 'session'>,
  ): Promise<{ response: IncomingMessage; call: Call }> {
    for (let again = false; ; again = true) {
      session ??= await prove();
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
  }

  async function* followPath(path: string, signal?: AbortSignal): AsyncIterable<protocol.FollowEvent> {
    let lostAt: number | undefined;
    for (;;) {
      let problem: unknown;
      try {
        const { response } = await callProven({ method: 'GET', path, signal });
        for await (const event of readEvents(response)) {
          lostAt = undefined;
          yield event;
          if (protocol.endsFollowing(event)) return;
        }
      } catch (error) {
        if (signal?.aborted || error instanceof UserError) throw error;
        problem = error;
      }
      signal?.throwIfAborted();
      lostAt ??= clock.now().getTime();
      if (clock.now().getTime() - lostAt > AWAY_MS) {
        throw new PortError(
          'server-unavailable',
          'The server went away while it was followed, and did not come back.',
          {
            cause: problem,
            hint: 'What runs is looked after when a server starts again: "cml serve", then "cml status".',
          },
        );
      }
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }

  return {
    hello,
    async say(line) {
      const { response, call } = await callProven({ method: 'POST', path: '/say', body: line });
      return readAnswer(response, answer, call);
    },
    follow: (operationId, signal) => followPath(`/follow/${encodeURIComponent(operationId)}`, signal),
    followRequest: (requestId, signal) => followPath(`/follow-request/${encodeURIComponent(requestId)}`, signal),
  };
}
