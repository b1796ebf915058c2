import type { ServerResponse } from 'node:http';
import type { ApiRequest } from './requests.ts';
import { Refused, type Store, type Stored } from './store.ts';

/** What containers wrote. The pods' controller fills it, requests read it. */
export interface Logs {
  /** From now on the container has a log. */
  open(uid: string, container: string): void;
  /** One line, without its end. */
  write(uid: string, container: string, line: string): void;
  end(uid: string, container: string): void;
  forget(uid: string): void;
  /** Breaks the connections of all who read. */
  drop(): void;
  serve(request: ApiRequest, store: Store, response: ServerResponse): void;
}

interface Written {
  readonly lines: { readonly at: string; readonly line: string }[];
  hasEnded: boolean;
  readonly readers: Set<() => void>;
}

export function createLogs(now: () => Date): Logs {
  const logs = new Map<string, Written>();
  const readers = new Set<ServerResponse>();
  const of = (uid: string, container: string) => {
    const key = `${uid}/${container}`;
    const log = logs.get(key) ?? { lines: [], hasEnded: false, readers: new Set<() => void>() };
    logs.set(key, log);
    return log;
  };
  const wake = ({ readers }: Written) => {
    for (const reader of [...readers]) reader();
  };
  return {
    open: (uid, container) => void of(uid, container),
    write(uid, container, line) {
      const log = of(uid, container);
      log.lines.push({ at: now().toISOString().replace('Z', '000000Z'), line });
      wake(log);
    },
    end(uid, container) {
      const log = of(uid, container);
      log.hasEnded = true;
      wake(log);
    },
    forget(uid) {
      for (const [key, log] of [...logs]) {
        if (!key.startsWith(`${uid}/`)) continue;
        log.hasEnded = true;
        wake(log);
        logs.delete(key);
      }
    },
    drop() {
      for (const reader of [...readers]) reader.destroy();
    },
    serve(request, store, response) {
      const pod = store.get(request.served.kind, request.name ?? '', request.namespace);
      if (!pod) throw new Refused(404, 'NotFound', `pods "${request.name}" not found`);
      const container = containerOf(pod, request.query.get('container'));
      const log = logs.get(`${pod.metadata.uid}/${container}`);
      if (!log) {
        const why = `container "${container}" in pod "${request.name}" is waiting to start: ContainerCreating`;
        throw new Refused(400, 'BadRequest', why);
      }
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.flushHeaders();
      readers.add(response);
      response.on('close', () => readers.delete(response));
      read(log, request.query, response);
    },
  };
}

function read(log: Written, query: URLSearchParams, response: ServerResponse): void {
  const since = query.get('sinceTime');
  const isTimed = query.get('timestamps') === 'true';
  let next = 0;
  const more = () => {
    for (; next < log.lines.length; next += 1) {
      const { at, line } = log.lines[next] ?? { at: '', line: '' };
      if (since === null || Date.parse(at) >= Date.parse(since)) response.write(`${isTimed ? `${at} ` : ''}${line}\n`);
    }
    if (log.hasEnded || query.get('follow') !== 'true') response.end();
  };
  more();
  if (response.writableEnded) return;
  log.readers.add(more);
  response.on('close', () => log.readers.delete(more));
}

function containerOf({ metadata, spec }: Stored, asked: string | null): string {
  const names: string[] = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ name }) => name);
  if (asked !== null && names.includes(asked)) return asked;
  if (asked === null && names.length === 1) return names[0] ?? '';
  const why = asked === null ? 'a container name must be specified' : `container ${asked} is not valid`;
  throw new Refused(400, 'BadRequest', `${why} for pod ${metadata.name}`);
}
