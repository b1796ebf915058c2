import { setTimeout as wait } from 'node:timers/promises';
import type { KubernetesObject } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { type Cluster, ClusterRefusal, type FollowOptions, type Where } from './cluster.ts';
import { addressOf } from './cluster-address.ts';
import { linesOf } from './cluster-connection.ts';
import type { Listed } from './cluster-reading.ts';
import { mayPass, type Requests, type Timing } from './cluster-requests.ts';
import type { Kind } from './kinds.ts';

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** Before a list that grew too old is asked for anew. */
const RELIST_MS = 200;

export interface Following {
  readonly requests: Requests;
  readonly timing: Timing;
  listed<T extends KubernetesObject>(kind: Kind<T>, where: Where, signal?: AbortSignal): Promise<Listed<T>>;
}

export function createFollow(following: Following): Cluster['follow'] {
  return async (kind, where, look, options = {}) => {
    const { signal, end } = limited(kind, options);
    try {
      for (;;) {
        const { items, version } = await following.listed(kind, where, signal);
        const seen = new Map(items.map((item) => [keyOf(item), item]));
        const sight = async () => {
          signal.throwIfAborted();
          return look([...seen.values()]);
        };
        const found = (await sight()) ?? (await watchOn(following, kind, where, version, seen, sight, signal));
        if (found !== undefined) return found;
        await pause(RELIST_MS, signal);
      }
    } finally {
      end();
    }
  };
}

/** Until something is found; undefined when the version grew too old. Opens the watch again whenever it ends or breaks. */
async function watchOn<T extends KubernetesObject, Found>(
  { requests, timing }: Following,
  kind: Kind<T>,
  where: Where,
  from: string,
  seen: Map<string, T>,
  sight: () => Promise<Found | undefined>,
  signal: AbortSignal,
): Promise<Found | undefined> {
  let version = from;
  for (let idle = 0; ; ) {
    const events = watchOnce<T>(requests, kind, where, version, timing, signal);
    let came = 0;
    try {
      for (;;) {
        const event = await nextOf(events);
        if (event === 'broken') break;
        if (event === 'too old') return undefined;
        came += 1;
        version = event.object.metadata?.resourceVersion ?? version;
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'DELETED') seen.delete(keyOf(event.object));
        else seen.set(keyOf(event.object), event.object);
        const found = await sight();
        if (found !== undefined) return found;
      }
    } finally {
      await events.return();
    }
    idle = came > 0 ? 0 : idle + 1;
    await pause(Math.min(50 * 2 ** idle, 2_000), signal);
  }
}

async function nextOf<T>(
  events: AsyncGenerator<WatchEvent<T>, void, void>,
): Promise<WatchEvent<T> | 'broken' | 'too old'> {
  try {
    const { value, done } = await events.next();
    return done ? 'broken' : value;
  } catch (error) {
    if (error instanceof ClusterRefusal && error.status === 410) return 'too old';
    throw error;
  }
}

async function* watchOnce<T extends KubernetesObject>(
  requests: Requests,
  kind: Kind<T>,
  where: Where,
  resourceVersion: string,
  { watchSeconds, silentMs }: Timing,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void, void> {
  const { labels: labelSelector, fields: fieldSelector } = where;
  const query = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds: watchSeconds };
  const path = addressOf(kind, where, { watch: true, allowWatchBookmarks: true, ...query });
  const request = { verb: 'watch', resource: kind.plural, method: 'GET', path, signal } as const;
  const answer = await requests.patiently(
    // It is asked to end by itself: one that is silent for longer than that is dead.
    () => requests.open(request, watchSeconds * 1_000 + silentMs),
    signal,
  );
  try {
    for await (const line of linesOf(answer, signal)) {
      const event = JSON.parse(line) as WatchEvent<T>;
      if (event.type === 'ERROR') throw refusalIn(event.object);
      yield event;
    }
  } catch (error) {
    // Broken, perhaps in the middle of a line: opened anew by the caller.
    if (!mayPass(error) && !(error instanceof SyntaxError)) throw error;
  }
}

function refusalIn(status: KubernetesObject): ClusterRefusal {
  const { message = '', code = 500, reason = '' } = status as { message?: string; code?: number; reason?: string };
  return new ClusterRefusal(message, code, reason);
}

/** One signal for the caller's and the deadline; to be ended, or the caller's signal would collect listeners. */
function limited(kind: Kind, { signal, withinMs, late }: FollowOptions): { signal: AbortSignal; end: () => void } {
  const limit = new AbortController();
  const abort = () => limit.abort(signal?.reason);
  const expire = () => {
    const seconds = Math.round((withinMs ?? 0) / 1_000);
    limit.abort(late?.() ?? new OperationError('timed-out', `Waited ${seconds} s for ${kind.plural} in vain.`));
  };
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const timer = withinMs === undefined ? undefined : setTimeout(expire, withinMs);
  const end = () => {
    signal?.removeEventListener('abort', abort);
    clearTimeout(timer);
  };
  return { signal: limit.signal, end };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal });
  } catch (cause) {
    throw signal.aborted ? signal.reason : cause;
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name}`;
}
