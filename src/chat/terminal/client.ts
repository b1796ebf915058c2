import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import { PortError, UserError } from '../../errors.ts';
import { type Answer, answer } from '../answer.ts';
import { AWAY_MS, type Connection, type ConnectionOptions, createConnection, LOOK_AGAIN_MS } from './connection.ts';
import { readAnswer } from './http.ts';
import {
  endsFollowing,
  type FollowEvent,
  followEvent,
  type Hello,
  type SaidLine,
  type WantedFile,
} from './protocol.ts';

export type TerminalClientOptions = ConnectionOptions;

export interface TerminalClient {
  hello(): Promise<Hello>;
  /** @throws UserError in the words and with the code of the server's refusal, PortError `server-unavailable`. */
  say(line: SaidLine): Promise<Answer>;
  /** The file's bytes as they come; whoever takes them looks whether all came. */
  download(wanted: WantedFile, signal?: AbortSignal): Promise<IncomingMessage>;
  /** Goes on across a restart of the server. Ends after the last event; throws the reason when `signal` is aborted. */
  follow(operationId: string, signal?: AbortSignal): AsyncIterable<FollowEvent>;
  followRequest(requestId: string, signal?: AbortSignal): AsyncIterable<FollowEvent>;
}

interface Following {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

/** A line without an end is what a server that died leaves: it is not an event. */
async function* readEvents(response: IncomingMessage): AsyncIterable<FollowEvent> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield followEvent.parse(JSON.parse(line));
  }
}

async function* followAcrossRestarts({ connection, clock, path, signal }: Following): AsyncIterable<FollowEvent> {
  let lostAt: number | undefined;
  for (;;) {
    let problem: unknown;
    try {
      const { response } = await connection.call({ method: 'GET', path, signal });
      for await (const event of readEvents(response)) {
        lostAt = undefined;
        yield event;
        if (endsFollowing(event)) return;
      }
    } catch (error) {
      if (signal?.aborted || error instanceof UserError) throw error;
      problem = error;
    }
    signal?.throwIfAborted();
    lostAt ??= clock.now().getTime();
    if (clock.now().getTime() - lostAt > AWAY_MS) {
      throw new PortError('server-unavailable', 'The server went away while it was followed, and did not come back.', {
        cause: problem,
        hint: 'What runs is looked after when a server starts again: "cml serve", then "cml status".',
      });
    }
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** The words of a terminal, said to a server over its socket. */
export function createTerminalClient(options: TerminalClientOptions): TerminalClient {
  const connection = createConnection(options);
  const follow = (path: string, signal?: AbortSignal) =>
    followAcrossRestarts({ connection, clock: options.clock, path, signal });
  return {
    hello: () => connection.hello(),
    async say(line) {
      const { response, call } = await connection.call({ method: 'POST', path: '/say', body: line });
      return readAnswer(response, answer, call);
    },
    async download(wanted, signal) {
      return (await connection.call({ method: 'POST', path: '/download', body: wanted, signal })).response;
    },
    follow: (operationId, signal) => follow(`/follow/${encodeURIComponent(operationId)}`, signal),
    followRequest: (requestId, signal) => follow(`/follow-request/${encodeURIComponent(requestId)}`, signal),
  };
}
