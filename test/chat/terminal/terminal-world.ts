import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from '../../../src/chat/answer.ts';
import { createTerminalClient, type TerminalClientOptions } from '../../../src/chat/terminal/client.ts';
import { createHub } from '../../../src/chat/terminal/hub.ts';
import type { Caller, FollowEvent } from '../../../src/chat/terminal/protocol.ts';
import { createTerminalServer, type TerminalServer } from '../../../src/chat/terminal/server.ts';
import { systemClock } from '../../../src/clock.ts';
import { UserError } from '../../../src/errors.ts';
import { createLog } from '../../../src/log.ts';
import type { OperationView } from '../../../src/records/operation.ts';
import type { Request } from '../../../src/records/request.ts';

export interface Heard {
  readonly caller: Caller;
  readonly word: string;
  readonly input: unknown;
}

export function answerWith(text: string, changes: Partial<Answer> = {}): Answer {
  return { text, tone: 'info', json: { text }, ...changes };
}

/** A real server over a real socket, with a door that only notes what it hears. */
export async function createTerminalWorld(folderName = 'data') {
  const root = await mkdtemp(join(tmpdir(), 'cml-terminal-'));
  const folder = join(root, folderName);
  const noncesFolder = join(folder, 'nonces');
  const socketPath = join(folder, 'control.sock');
  const heard: Heard[] = [];
  const bugs: unknown[] = [];
  const views = new Map<string, OperationView>();
  const requests = new Map<string, Request>();
  const state = {
    answer: async (_: Heard): Promise<Answer> => answerWith('Done.'),
    /** Pieces of the one file there is, of which so many bytes were promised. */
    file: { bytes: 0, pieces: [] as readonly (string | Error)[] },
  };
  const servers = new Set<TerminalServer>();

  async function startServer() {
    const hub = createHub();
    async function* begin(now: FollowEvent | undefined, live: AsyncIterable<FollowEvent>, id: string) {
      if (!now) throw new UserError('unknown-operation', `There is no ${id}.`, { hint: 'Did you mean another?' });
      yield now;
      const isOver = now.type === 'view' && now.view.status !== 'running';
      if (!isOver) yield* live;
    }
    const server = createTerminalServer({
      socketPath,
      noncesFolder,
      version: '0.0.0',
      closingMs: 100,
      clock: systemClock,
      log: createLog({ write: () => undefined }, 'silent'),
      onBug: (error) => bugs.push(error),
      async say(caller, word, input) {
        const said = { caller, word, input };
        heard.push(said);
        return state.answer(said);
      },
      async download(caller, wanted) {
        heard.push({ caller, word: 'download', input: wanted });
        const { bytes, pieces } = state.file;
        const left = [...pieces];
        const body = new ReadableStream<Uint8Array>({
          pull(stream) {
            const piece = left.shift();
            if (piece instanceof Error) stream.error(piece);
            else if (piece === undefined) stream.close();
            else stream.enqueue(Buffer.from(piece));
          },
        });
        return { body, bytes };
      },
      follow(id, signal) {
        const view = views.get(id);
        return begin(view && { type: 'view', view }, hub.follow({ operationId: id }, signal), id);
      },
      followRequest(id, signal) {
        const request = requests.get(id);
        return begin(request && { type: 'request', request }, hub.follow({ requestId: id }, signal), id);
      },
    });
    await server.listen();
    servers.add(server);
    return { server, hub };
  }

  return {
    root,
    folder,
    noncesFolder,
    socketPath,
    heard,
    bugs,
    views,
    requests,
    state,
    startServer,
    client: (changes: Partial<TerminalClientOptions> = {}) =>
      createTerminalClient({ socketPath, noncesFolder, clock: systemClock, ...changes }),
    async dispose() {
      for (const server of servers) await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export type TerminalWorld = Awaited<ReturnType<typeof createTerminalWorld>>;
