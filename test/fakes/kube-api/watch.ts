import type { ServerResponse } from 'node:http';
import type { FaultSource, RunningWatch } from './faults.ts';
import { sorted } from './listing.ts';
import type { ApiRequest } from './requests.ts';
import { selection } from './selectors.ts';
import type { Change, Store, Stored } from './store.ts';

export interface Watches {
  serve(request: ApiRequest, response: ServerResponse): Promise<void>;
}

interface Behind {
  readonly store: Store;
  readonly faults: FaultSource;
  readonly bookmarkMs: number;
}

/** As many changes as the store keeps. */
const KEPT = 5_000;

/** Lines of JSON: what changed after a version, for as long as the connection lasts. */
export function createWatches({ store, faults, bookmarkMs }: Behind): Watches {
  // What an object was before a change: without it nobody knows that it stopped to match a selector.
  const before = new Map<number, Stored>();
  const latest = new Map<string, Stored>();
  store.listen(({ kind, object, version, type }) => {
    const key = `${kind.apiVersion}/${kind.kind}/${object.metadata.namespace}/${object.metadata.name}`;
    const previous = latest.get(key);
    if (previous) before.set(version, previous);
    if (type === 'DELETED') latest.delete(key);
    else latest.set(key, object);
    before.delete(version - KEPT);
  });

  return {
    async serve(request, response) {
      // Changes are told in a turn after their own: all that were made before this request have been told then.
      await Promise.resolve();
      const { query, served, namespace, name } = request;
      const picks = selection(served, query);
      const isOurs = (object: Stored) =>
        (namespace === undefined || object.metadata.namespace === namespace) &&
        (name === undefined || object.metadata.name === name) &&
        picks(object);
      let version = Number(query.get('resourceVersion') ?? 0);
      const backlog = version === 0 ? undefined : store.since(version);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      let isSilent = false;
      const send = (type: string, object: unknown) => {
        if (!isSilent) response.write(`${JSON.stringify({ type, object })}\n`);
      };
      if (version !== 0 && backlog === undefined) {
        send('ERROR', tooOld(version, store.version()));
        response.end();
        return;
      }
      const tell = (change: Change) => {
        if (change.version <= version) return;
        version = change.version;
        if (change.kind.apiVersion !== served.kind.apiVersion || change.kind.kind !== served.kind.kind) return;
        const type = typeFor(change, isOurs(change.object), before.get(change.version), isOurs);
        if (type) send(type, change.object);
      };
      if (backlog) for (const change of backlog) tell(change);
      else {
        for (const object of sorted(store.list(served.kind, namespace, isOurs))) send('ADDED', object);
        version = store.version();
      }
      const forget = store.listen(tell);
      const mark = () => send('BOOKMARK', bookmark(request, Math.max(version, 0)));
      const marking = query.get('allowWatchBookmarks') === 'true' ? setInterval(mark, bookmarkMs) : undefined;
      const seconds = Number(query.get('timeoutSeconds') ?? 0);
      const ending = seconds > 0 ? setTimeout(() => !isSilent && response.end(), seconds * 1_000) : undefined;
      const running: RunningWatch = {
        request,
        drop: () => response.destroy(),
        silence: () => {
          isSilent = true;
        },
      };
      faults.watches.add(running);
      response.on('close', () => {
        forget();
        clearInterval(marking);
        clearTimeout(ending);
        faults.watches.delete(running);
      });
    },
  };
}

function typeFor(
  { type }: Change,
  fits: boolean,
  previous: Stored | undefined,
  isOurs: (object: Stored) => boolean,
): Change['type'] | undefined {
  const did = type === 'ADDED' ? false : previous ? isOurs(previous) : fits;
  if (type === 'DELETED') return did || fits ? 'DELETED' : undefined;
  if (fits) return did ? 'MODIFIED' : 'ADDED';
  return did ? 'DELETED' : undefined;
}

function bookmark({ served: { kind } }: ApiRequest, version: number): unknown {
  const metadata = { resourceVersion: String(version), creationTimestamp: null };
  return { kind: kind.kind, apiVersion: kind.apiVersion, metadata };
}

function tooOld(version: number, oldest: number): unknown {
  const message = `too old resource version: ${version} (${oldest})`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Expired', code: 410 };
}
