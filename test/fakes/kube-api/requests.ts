import type { IncomingMessage } from 'node:http';
import type { Served } from './kinds-served.ts';
import { Refused } from './store.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';

const WRITES: ReadonlySet<Verb> = new Set(['create', 'update', 'patch', 'apply', 'delete', 'deletecollection']);

/** A request about objects, as everything behind the server sees it. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly served: Served;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** Parsed. */
  readonly body: unknown;
  readonly userAgent: string;
  /** The token of its sender: tells one client, or one life of a process, from another. */
  readonly caller: string;
  readonly dryRun: boolean;
  readonly isWrite: boolean;
}

/** Undefined for an address that is none of objects: discovery, reviews, versions. @throws Refused 404 */
export function parseRequest(message: IncomingMessage, text: string, kinds: readonly Served[]): ApiRequest | undefined {
  const url = new URL(message.url ?? '/', 'http://double');
  const words = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const isCore = words[0] === 'api';
  const apiVersion = isCore ? words[1] : words.slice(1, 3).join('/');
  const rest = words.slice(isCore ? 2 : 3);
  if ((!isCore && words[0] !== 'apis') || rest.length === 0) return undefined;
  // A namespace is itself an object: /namespaces/x is one, /namespaces/x/pods is a list in it.
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const namespace = inNamespace ? rest[1] : undefined;
  const [plural, name, ...below] = inNamespace ? rest.slice(2) : rest;
  const served = kinds.find(({ kind }) => kind.apiVersion === apiVersion && kind.plural === plural);
  // What a node or a pod itself says is no object.
  if (!served || below[0] === 'proxy') return undefined;
  const query = url.searchParams;
  const contentType = (message.headers['content-type'] ?? 'application/json').split(';')[0] ?? '';
  const verb = verbOf(message.method ?? 'GET', name, query, contentType);
  return {
    ...{ verb, served, namespace, name, query, contentType },
    subresource: below.length > 0 ? below.join('/') : undefined,
    body: text === '' ? undefined : parseBody(text),
    caller: callerOf(message),
    userAgent: message.headers['user-agent'] ?? '',
    dryRun: query.getAll('dryRun').includes('All'),
    isWrite: WRITES.has(verb),
  };
}

export function callerOf(message: IncomingMessage): string {
  return (message.headers.authorization ?? '').replace(/^Bearer /, '');
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams, contentType: string): Verb {
  const isWatch = ['true', '1'].includes(query.get('watch') ?? '');
  if (method === 'GET') return isWatch ? 'watch' : name === undefined ? 'list' : 'get';
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'PATCH') return contentType === 'application/apply-patch+yaml' ? 'apply' : 'patch';
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, 'BadRequest', 'the object provided is unrecognized (must be of type JSON)');
  }
}
