import { z } from 'zod';
import { backupId, operationId, requestId } from '../../records/ids.ts';
import type { Scope } from '../../records/scope.ts';
import { workspaceName } from '../../records/workspace.ts';
import type { WebWorld } from '../web-world.ts';
import { readFields } from './fields.ts';

/** What may stand between braces in a path, and what it has to look like. */
const PLACES = { workspace: workspaceName, backup: backupId, operation: operationId, request: requestId };
type Place = keyof typeof PLACES;

interface Common {
  /** Below `/api/v1`: `/backups/{backup}`. */
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope;
}

/** A list that is asked for by what stands behind the question mark. */
export interface ListRoute extends Common {
  readonly kind: 'list';
  readonly query: z.ZodObject;
  readonly answer: z.ZodType;
  look(world: WebWorld, given: Record<string, string>): Promise<unknown>;
}

/** One of the words that people say everywhere, and its answer, exactly as `--json` prints it. */
export interface WordRoute extends Common {
  readonly kind: 'look' | 'change';
  readonly word: string;
  /** Which key of the word's input a place of the path is, where that has another name. */
  readonly keys?: Readonly<Partial<Record<Place, string>>>;
  /** What the path says of the input besides. */
  readonly given?: Readonly<Record<string, unknown>>;
  readonly answer: z.ZodType;
  /** What it answers instead when it is only to show what it would do. */
  readonly plan?: z.ZodType;
  /** What there is afterwards that was not there before: its address goes with the answer. */
  readonly makes?: 'operation' | 'request';
}

/** An operation that is told as it changes, by server-sent events. */
export interface StreamRoute extends Common {
  readonly kind: 'stream';
  readonly answer: z.ZodType;
  /** Where in the path it is named. */
  readonly subject: Place;
}

export type Route = ListRoute | WordRoute | StreamRoute;

export function defineList<Query extends z.ZodObject>(
  list: Omit<ListRoute, 'kind' | 'scope' | 'query' | 'look'> & {
    readonly query: Query;
    look(world: WebWorld, query: z.output<Query>): Promise<unknown>;
  },
): ListRoute {
  const { query, look } = list;
  return { ...list, kind: 'list', scope: 'read', look: (world, given) => look(world, readFields(query, given)) };
}

export function placesOf(path: string): z.ZodObject {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as Place);
  return z.object(Object.fromEntries(names.map((name) => [name, PLACES[name]])));
}

/** `/backups/:backup`, as the router wants it. */
export function pathForRouter(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
