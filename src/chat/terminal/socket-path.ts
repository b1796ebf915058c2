import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { PortError } from '../../errors.ts';

/** unix(7): `sun_path` holds 108 bytes with its final zero. Node cuts a longer path off without a word. */
const LONGEST = 107;

/** A name under which a socket can be reached, however deep its folder lies. */
export interface SocketAddress {
  readonly path: string;
  close(): void;
}

/** @throws PortError `server-unavailable` when the folder is not there. */
export function openSocketAddress(socketPath: string): SocketAddress {
  if (Buffer.byteLength(socketPath) <= LONGEST) return { path: socketPath, close: () => undefined };
  const folder = dirname(socketPath);
  try {
    const descriptor = openSync(folder, 'r');
    return { path: `/proc/self/fd/${descriptor}/${basename(socketPath)}`, close: () => closeSync(descriptor) };
  } catch (cause) {
    throw new PortError('server-unavailable', `The folder of the server's socket, ${folder}, cannot be opened.`, {
      cause,
    });
  }
}
