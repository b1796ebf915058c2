import { lookup } from 'node:dns/promises';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { identify, type ProcessIdentity, parentOf } from '../../process-identity.ts';
import { allPids } from './find-processes.ts';
import { type ListeningSocket, listeningAt, parseSockets } from './listening-sockets.ts';
import type { Ready } from './settings.ts';

/** A program that answers where a service of ours should. */
export interface Stranger {
  readonly pid: number;
  readonly program: string;
  /** The `host:port` at which it answers. */
  readonly address: string;
  /** True when it was there before the service: then it cannot be anything that the service started elsewhere. */
  readonly isOlder: boolean;
}

/**
 * Who answers a service's readiness probe in its place. Undefined where that cannot be known: another machine or network
 * namespace, a probe that is a command, sockets that are not ours to see.
 */
export async function findStranger(
  ready: Ready | undefined,
  own: readonly ProcessIdentity[],
): Promise<Stranger | undefined> {
  const at = addressOf(ready);
  if (!at || own.some(({ pid }) => isElsewhere(pid))) return undefined;
  const addresses = await localAddresses(at.host);
  const sockets = listeningSockets();
  const inodes = new Set(addresses.flatMap((address) => listeningAt(address, at.port, sockets)));
  if (inodes.size === 0) return undefined;
  const pids = new Set(own.map(({ pid }) => pid));
  for (const pid of pids) {
    const held = socketsOf(pid);
    if (held === 'unseen' || held.some((inode) => inodes.has(inode))) return undefined;
  }
  const pid = allPids().find((candidate) => {
    const held = pids.has(candidate) ? [] : socketsOf(candidate);
    return held !== 'unseen' && held.some((inode) => inodes.has(inode));
  });
  if (pid === undefined || descendsFrom(pid, pids)) return undefined;
  return { pid, program: programOf(pid), address: `${at.host}:${at.port}`, isOlder: isOlder(pid, own) };
}

function addressOf(ready: Ready | undefined): { host: string; port: number } | undefined {
  if (!ready || 'command' in ready) return undefined;
  if ('http' in ready) {
    const { hostname, port, protocol } = new URL(ready.http);
    return { host: bare(hostname), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
  }
  const colon = ready.tcp.lastIndexOf(':');
  return { host: bare(ready.tcp.slice(0, colon)), port: Number(ready.tcp.slice(colon + 1)) };
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** None when the host is another machine, or cannot be looked up. */
async function localAddresses(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true }).catch(() => []);
  const mine = new Set(Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address)));
  const isLocal = ({ address }: { address: string }) =>
    address.startsWith('127.') || ['::1', '0.0.0.0', '::'].includes(address) || mine.has(address);
  return found.every(isLocal) ? found.map(({ address }) => address) : [];
}

function listeningSockets(): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) => {
    try {
      return parseSockets(readFileSync(`/proc/net/${table}`, 'utf8'));
    } catch {
      return []; // there is no IPv6 here
    }
  });
}

function socketsOf(pid: number): string[] | 'unseen' {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`) ?? '')?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return identify(pid) ? 'unseen' : [];
  }
}

/** In another network namespace, or where we may not look; a process that has ended meanwhile is nowhere. */
function isElsewhere(pid: number): boolean {
  const network = linkOf(`/proc/${pid}/ns/net`);
  return network !== linkOf('/proc/self/ns/net') && (network !== undefined || identify(pid) !== undefined);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // gone, or not ours to see
  }
}

function descendsFrom(pid: number, ancestors: ReadonlySet<number>): boolean {
  for (let parent = parentOf(pid); parent !== undefined && parent > 1; parent = parentOf(parent)) {
    if (ancestors.has(parent)) return true;
  }
  return false;
}

function isOlder(pid: number, own: readonly ProcessIdentity[]): boolean {
  const began = Number(identify(pid)?.startTime ?? Number.NaN);
  return own.length > 0 && own.every(({ startTime }) => began < Number(startTime));
}

function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program that has ended';
  }
}
