import type { KubernetesObject } from '@kubernetes/client-node';
import type { Kind } from './kinds.ts';

/**
 * The API server said no. `status` is the HTTP code, `reason` the API's own word (`Conflict`, `AlreadyExists`,
 * `Invalid`, `Forbidden`, ...). What nobody handles is translated into a `PortError` at the edge of the platform.
 */
export class ClusterRefusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(message: string, status: number, reason: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ClusterRefusal';
    this.status = status;
    this.reason = reason;
  }
}

export function isRefusal(error: unknown, reason: string): error is ClusterRefusal {
  return error instanceof ClusterRefusal && error.reason === reason;
}

export interface Where {
  /** Absent: every namespace. */
  readonly namespace?: string | undefined;
  /** Label selector, as the API writes it. */
  readonly labels?: string | undefined;
  readonly fields?: string | undefined;
}

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** After this many milliseconds the promise rejects with what `late` makes. */
  readonly withinMs?: number | undefined;
  readonly late?: (() => Error) | undefined;
}

/** A permission to ask about. */
export interface Wish {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  /** Of one object; absent: of all. */
  readonly name?: string | undefined;
}

/** An account of pods. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/**
 * What we need of an API server. Every call is one request (`list` one a page) unless it says otherwise; requests that were
 * throttled (429, after its Retry-After), that met 5xx or a dropped connection are sent again for some seconds when
 * repeating them does no harm, creating excepted: look first, names are fixed. Rejects with `ClusterRefusal`, or `PortError`
 * `platform-unavailable` (retryable) when the server cannot be reached.
 *
 * Objects are as the API writes them. Times are text (`2026-11-22T20:37:59Z`) although client-node's types call some of them
 * Date: make a Date of one before you count with it.
 */
export interface Cluster {
  /** Undefined when there is none. */
  read<T extends KubernetesObject>(kind: Kind<T>, name: string, namespace?: string): Promise<T | undefined>;
  /** All pages. Items carry `kind` and `apiVersion`, which the API leaves out. */
  list<T extends KubernetesObject>(kind: Kind<T>, where?: Where): Promise<T[]>;
  create<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: { readonly dryRun?: boolean }): Promise<T>;
  /**
   * JSON merge patch: null removes a key. With `metadata.resourceVersion` or `metadata.uid` in it, only that very object, else
   * `Conflict`. Without a version it is repeated when others write at the same time.
   */
  patch<T extends KubernetesObject>(
    kind: Kind<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
  ): Promise<T>;
  /** Whole; with a `resourceVersion` only if nobody changed it since. */
  replace<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /** Server-side apply in our name; takes over fields that others set. */
  apply<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /** Resolves when the server has taken it, which is not when it is gone; also when there is none. */
  remove(
    kind: Kind,
    name: string,
    namespace?: string,
    options?: {
      readonly uid?: string | undefined;
      /** Only as it stood at this resourceVersion, else `Conflict`. */
      readonly version?: string | undefined;
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
      readonly graceSeconds?: number;
    },
  ): Promise<void>;
  /**
   * Lists, then watches (again from a new list when the watch broke or grew too old), and calls `look` with all objects that
   * match now, after the list and after every change, until it answers something. Never polls.
   */
  follow<T extends KubernetesObject, Found>(
    kind: Kind<T>,
    where: Where,
    look: (objects: readonly T[]) => Found | undefined | Promise<Found | undefined>,
    options?: FollowOptions,
  ): Promise<Found>;
  /**
   * Each whole line of a container's log from its first on, until the container has ended; taken up after a broken connection
   * without a line twice. Rejects when the pod is gone before its log could be read to the end.
   */
  readLog(
    pod: { readonly name: string; readonly namespace: string; readonly container: string },
    onLine: (line: string) => void,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Whether the server knows this kind. */
  serves(kind: Kind): Promise<boolean>;
  /** Every kind that can be listed, preferred versions only. */
  discover(): Promise<Kind[]>;
  /** Those of the wishes that we, or that account, may not do. To ask about another is a right of its own (`Forbidden`). */
  missing(wishes: readonly Wish[], account?: Account): Promise<Wish[]>;
  /** Which kinds we may list there, by one request; undefined where the server does not tell all. */
  mayList(namespace: string): Promise<((kind: Kind) => boolean) | undefined>;
  /** GET of any address below the server, parsed; undefined on 404. For what is no object: `/version`, a node's statistics. */
  get(path: string): Promise<unknown>;
  /** How many requests were sent so far, by verb and kind: `patch deployments`. For the benchmark. */
  requests(): Readonly<Record<string, number>>;
}
