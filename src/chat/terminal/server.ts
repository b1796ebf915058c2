import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../../clock.ts';
import { PortError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { sweepNonces } from './proof.ts';
import { createRoutes, type Door } from './routes.ts';
import { openSocketAddress, type SocketAddress } from './socket-path.ts';

export interface TerminalServerOptions extends Omit<Door, 'onBug'> {
  readonly socketPath: string;
  readonly noncesFolder: string;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Told of an error that nobody expected, after it was answered and logged: the place to end the process. */
  readonly onBug?: (error: unknown) => void;
  /** How long `close` waits for words that are being carried out, in milliseconds. Default 2,000. */
  readonly closingMs?: number;
}

export interface TerminalServer {
  /** Makes the folders what they have to be and opens the door. Call only while holding the data folder's lock. */
  listen(): Promise<void>;
  /** Lets followers go, waits a moment for words that are being carried out, and removes the socket. May be repeated. */
  close(): Promise<void>;
  /** Since when nobody says or follows anything; undefined while somebody does. */
  idleSince(): Date | undefined;
}

/** Everybody may pass through, nobody but us may look around. */
const DATA_FOLDER_MODE = 0o711;
/** Everybody may create a file, nobody but us may list, and only its owner and we may remove it. */
const NONCES_FOLDER_MODE = 0o1733;
/** Everybody may connect: who they are is asked and proven after that. */
const SOCKET_MODE = 0o666;

export async function prepareFolders(socketPath: string, noncesFolder: string, now: number): Promise<void> {
  await mkdir(noncesFolder, { recursive: true });
  await chmod(dirname(socketPath), DATA_FOLDER_MODE);
  await chmod(noncesFolder, NONCES_FOLDER_MODE);
  await sweepNonces(noncesFolder, now);
}

/** Words over a Unix socket: HTTP and JSON, a stream of lines for those who follow. */
export function createTerminalServer(options: TerminalServerOptions): TerminalServer {
  const { socketPath, clock, log, closingMs = 2_000 } = options;
  const closing = new AbortController();
  // Kept open while the server listens: Node removes the socket under this very name.
  let address: SocketAddress | undefined;
  let open = 0;
  let lastAt = clock.now();
  const onBug = (error: unknown) => {
    log.error({ err: error }, 'a word failed in a way that nobody expected');
    options.onBug?.(error);
  };
  const routes = createRoutes({ ...options, closing: closing.signal, onBug });
  const answer = getRequestListener(routes, { overrideGlobalObjects: false, hostname: 'localhost' });
  const server = createServer((incoming, outgoing) => {
    open += 1;
    outgoing.once('close', () => {
      open -= 1;
      lastAt = clock.now();
    });
    answer(incoming, outgoing).catch(onBug);
  });

  return {
    async listen() {
      await prepareFolders(socketPath, options.noncesFolder, clock.now().getTime());
      try {
        address = openSocketAddress(socketPath);
        const { path } = address;
        await rm(path, { force: true }); // left by a server that was killed: the lock says that none lives
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(path, () => {
            server.off('error', reject);
            resolve();
          });
        });
        await chmod(path, SOCKET_MODE);
      } catch (cause) {
        throw new PortError('server-unavailable', `The socket ${socketPath} cannot be opened.`, { cause });
      }
      lastAt = clock.now();
    },
    async close() {
      closing.abort();
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const impatient = setTimeout(() => server.closeAllConnections(), closingMs);
      await closed;
      clearTimeout(impatient);
      address?.close();
    },
    idleSince: () => (open === 0 ? lastAt : undefined),
  };
}
