import type { ApiRequest } from './requests.ts';
import { selection } from './selectors.ts';
import { Refused, type Store, type Stored } from './store.ts';

/** One page. @throws Refused 410 when the pages before are too old */
export function list(store: Store, request: ApiRequest): unknown {
  const { served, namespace, query } = request;
  const { kind } = served;
  const picks = selection(served, query);
  const all = sorted(store.list(kind, namespace, picks));
  const from = readContinue(store, query.get('continue'));
  const left = from === undefined ? all : all.filter((object) => keyOf(object) > from.after);
  const limit = Number(query.get('limit') ?? 0) || left.length;
  const items = left.slice(0, limit);
  const version = from?.version ?? store.version();
  const last = items.at(-1);
  const isMore = left.length > items.length && last !== undefined;
  const token = isMore ? Buffer.from(JSON.stringify({ version, after: keyOf(last) })).toString('base64url') : undefined;
  const metadata = {
    resourceVersion: String(version),
    ...(token && { continue: token, remainingItemCount: left.length - items.length }),
  };
  // As the real one does it: items of its own kinds do not say what they are.
  const bare = items.map(({ kind: word, apiVersion, ...item }) =>
    served.isCustom ? { apiVersion, kind: word, ...item } : item,
  );
  return { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items: bare };
}

function readContinue(store: Store, token: string | null): { version: number; after: string } | undefined {
  if (!token) return undefined;
  const from = JSON.parse(Buffer.from(token, 'base64url').toString()) as { version: number; after: string };
  if (store.since(from.version) === undefined) {
    const why = 'The provided continue parameter is too old to display a consistent list result.';
    throw new Refused(410, 'Expired', why);
  }
  return from;
}

/** As they stand in the server's own store. */
export function sorted(objects: readonly Stored[]): Stored[] {
  return [...objects].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

function keyOf({ metadata }: Stored): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
