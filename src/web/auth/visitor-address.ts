import { BlockList, isIP, isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/** Where a question comes from, as far as it can be believed. */
export type AddressOf = (context: Context) => string;

/** An address, or a network such as 10.0.0.0/8. */
const NETWORK = /^(.+?)(?:\/(\d{1,3}))?$/;

export function isNetwork(text: string): boolean {
  const [, address = '', bits] = NETWORK.exec(text) ?? [];
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return most > 0 && (bits === undefined || Number(bits) <= most);
}

/**
 * A proxy writes whom it speaks for at the right of `X-Forwarded-For`; whatever stands further left, anybody may have
 * written. So it is read from the right, for as long as it was written by somebody whom the configuration trusts.
 */
export function createAddressOf(trusted: readonly string[]): AddressOf {
  const proxies = new BlockList();
  for (const network of trusted) {
    const [, address = '', bits] = NETWORK.exec(network) ?? [];
    const kind = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, kind);
    else proxies.addSubnet(address, Number(bits), kind);
  }
  const isTrusted = (address: string) => proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

  return (context) => {
    let address = plain(getConnInfo(context).remote.address ?? '');
    const said = context.req.header('x-forwarded-for')?.split(',') ?? [];
    for (const next of said.toReversed()) {
      if (!isIP(address) || !isTrusted(address)) break;
      const read = plain(next);
      if (!isIP(read)) break;
      address = read;
    }
    return address || 'somewhere';
  };
}

/** Without a port, and the old kind of address in its own clothes. */
function plain(text: string): string {
  const trimmed = text.trim();
  const [, inBrackets] = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed) ?? [];
  const [, beforePort] = /^([\d.]+):\d+$/.exec(trimmed) ?? [];
  return (inBrackets ?? beforePort ?? trimmed).replace(/^::ffff:(?=\d+\.)/i, '');
}

/** One visitor has a whole network of the new kind of addresses: what is counted is counted for it. */
export function visitorOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const [before, after] = [head.split(':').filter(Boolean), (tail ?? '').split(':').filter(Boolean)];
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
