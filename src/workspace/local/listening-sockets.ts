/** A TCP socket that listens. The address is as the kernel's tables have it, in hexadecimal. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

const LISTENS = '0A';

/** Source: proc(5), `/proc/net/tcp`; the columns are sl, local_address, rem_address, st, ..., inode as the tenth. */
export function parseSockets(table: string): ListeningSocket[] {
  return table
    .trimEnd()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      return state === LISTENS ? [{ address, port: Number.parseInt(port, 16), inode }] : [];
    });
}

/** The inodes of the sockets that take a connection to this address: who listens there alone comes before who listens everywhere. */
export function listeningAt(address: string, port: number, sockets: readonly ListeningSocket[]): string[] {
  const there = sockets.filter((socket) => socket.port === port);
  const own = namesOf(address);
  const exact = there.filter((socket) => own.exact.includes(socket.address));
  const chosen = exact.length > 0 ? exact : there.filter((socket) => own.any.includes(socket.address));
  return chosen.map(({ inode }) => inode);
}

const ANY_4 = '00000000';
const ANY_6 = '0'.repeat(32);
/** `::ffff:` before an IPv4 address. */
const MAPPED = '0000000000000000FFFF0000';

/** How the kernel writes an address: words of four bytes, each in the machine's own order (little-endian here). */
function namesOf(address: string): { exact: string[]; any: string[] } {
  if (!address.includes(':')) {
    const hex = words(address.split('.').map(Number));
    return hex === ANY_4
      ? { exact: [], any: [ANY_4, ANY_6] }
      : { exact: [hex, `${MAPPED}${hex}`], any: [ANY_4, ANY_6] };
  }
  const [before = '', after] = (address.split('%')[0] ?? '').split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const bytes = groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
  const hex = words(bytes);
  return hex === ANY_6 ? { exact: [], any: [ANY_6] } : { exact: [hex], any: [ANY_6] };
}

function words(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    for (const byte of bytes.slice(at, at + 4).toReversed()) text += byte.toString(16).padStart(2, '0');
  }
  return text.toUpperCase();
}
