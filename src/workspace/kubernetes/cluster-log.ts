import { setTimeout as wait } from 'node:timers/promises';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import { type Cluster, ClusterRefusal, isRefusal } from './cluster.ts';
import { addressOf, withQuery } from './cluster-address.ts';
import { linesOf } from './cluster-connection.ts';
import { mayPass, type Requests } from './cluster-requests.ts';
import { POD } from './kinds.ts';

type Container = Parameters<Cluster['readLog']>[0];

/** Before a log that ended, or broke, while its container runs is taken up again. */
const AGAIN_MS = 500;
/** A program may be silent for long; a connection that is so for longer is opened anew, which costs nothing. */
const QUIET_LOG_MS = 300_000;

export function createReadLog(requests: Requests, { follow }: Pick<Cluster, 'follow'>): Cluster['readLog'] {
  return async (container, onLine, { signal } = {}) => {
    const given = createGivenLines();
    for (;;) {
      // Looked at before the log is read: what is read after the end is the whole.
      const hasEnded = await standing(follow, container, signal);
      const isWhole = await readOnce(requests, container, given, onLine, signal);
      if (hasEnded && isWhole) return;
      if (!isWhole) await wait(AGAIN_MS, undefined, signal ? { signal } : {});
    }
  };
}

/** Waits until the container has run at all; tells whether it has ended. */
async function standing(follow: Cluster['follow'], at: Container, signal?: AbortSignal): Promise<boolean> {
  const where = { namespace: at.namespace, fields: `metadata.name=${at.name}` };
  const look = ([pod]: readonly V1Pod[]) => {
    if (!pod) throw gone(at);
    const { containerStatuses = [], initContainerStatuses = [], phase } = pod.status ?? {};
    const status = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === at.container);
    const state = stateOf(status);
    if (state !== undefined) return state;
    return phase === 'Succeeded' || phase === 'Failed' ? 'ended' : undefined;
  };
  return (await follow(POD, where, look, { signal })) === 'ended';
}

function stateOf(status: V1ContainerStatus | undefined): 'running' | 'ended' | undefined {
  if (status?.state?.terminated) return 'ended';
  return status?.state?.running ? 'running' : undefined;
}

/** One connection. True when it ended as it should; false when it broke, or the node did not have it yet. */
async function readOnce(
  requests: Requests,
  at: Container,
  given: GivenLines,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const query = { container: at.container, follow: true, timestamps: true, sinceTime: given.since() };
  const path = withQuery(`${addressOf(POD, at)}/log`, query);
  const request = { verb: 'get', resource: 'pods/log', method: 'GET', path, signal } as const;
  try {
    const answer = await requests.patiently(() => requests.open(request, QUIET_LOG_MS), signal);
    given.again();
    for await (const line of linesOf(answer, signal)) {
      const fresh = given.take(line);
      if (fresh !== undefined) onLine(fresh);
    }
    return true;
  } catch (error) {
    if (isRefusal(error, 'NotFound')) throw gone(at, error);
    // 400: the container is being made, or the node has not told yet that it runs.
    if ((error instanceof ClusterRefusal && error.status === 400) || mayPass(error)) return false;
    throw error;
  }
}

interface GivenLines {
  since(): string | undefined;
  /** A new connection repeats the lines of the last second. */
  again(): void;
  /** The line without its time, or undefined when it was handed out already. */
  take(line: string): string | undefined;
}

/**
 * `sinceTime` counts in whole seconds, and lines of standard output and error do not stand quite in the order of their times:
 * the lines of the last two seconds are remembered, those of a new connection are compared with them. A million lines may
 * come within seconds, so that nothing is searched for.
 */
function createGivenLines(): GivenLines {
  const recent = new Map<string, string[]>();
  let newest = '';
  let repeated = new Map<string, number>();
  return {
    since: () => [...recent.keys()].sort()[0],
    again() {
      repeated = new Map();
      for (const line of [...recent.values()].flat()) repeated.set(line, (repeated.get(line) ?? 0) + 1);
    },
    take(line) {
      const left = repeated.get(line) ?? 0;
      if (left > 0) {
        repeated.set(line, left - 1);
        return undefined;
      }
      const second = `${line.slice(0, 19)}Z`;
      const lines = recent.get(second);
      if (lines) lines.push(line);
      else recent.set(second, [line]);
      if (second > newest) {
        newest = second;
        for (const key of recent.keys()) if (Date.parse(newest) - Date.parse(key) > 1_000) recent.delete(key);
      }
      const space = line.indexOf(' ');
      return space < 0 ? '' : line.slice(space + 1);
    },
  };
}

function gone({ name }: Container, cause?: unknown): PortError {
  const message = `The pod ${name} was gone before its output could be read to the end.`;
  return new PortError('platform-unavailable', message, { cause, retryable: true });
}
