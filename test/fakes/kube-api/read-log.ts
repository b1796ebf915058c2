import type { ServerResponse } from 'node:http';
import type { V1ContainerStatus } from '@kubernetes/client-node';
import type { PodLogs } from './controllers/logs.ts';
import type { ApiRequest } from './requests.ts';
import { Refused, type Store, type Stored } from './store.ts';

/** `pods/<name>/log`, from the beginning or a time on, to the end of the container or to what is there now. */
export function readLog(request: ApiRequest, store: Store, logs: PodLogs, response: ServerResponse): void {
  const pod = store.get(request.served.kind, request.name ?? '', request.namespace);
  if (!pod) throw new Refused(404, 'NotFound', `pods "${request.name}" not found`);
  const container = containerOf(pod, request.query.get('container'));
  if (!hasStarted(pod, container)) {
    const why = `container "${container}" in pod "${request.name}" is waiting to start: ContainerCreating`;
    throw new Refused(400, 'BadRequest', why);
  }
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.flushHeaders();
  const { uid } = pod.metadata;
  const since = Date.parse(request.query.get('sinceTime') ?? '1970-01-01T00:00:00Z');
  const isTimed = request.query.get('timestamps') === 'true';
  const isFollowed = request.query.get('follow') === 'true';
  let next = 0;
  const more = () => {
    for (const { at, line } of logs.lines(uid, container).slice(next)) {
      next += 1;
      if (Date.parse(at) >= since) response.write(`${isTimed ? `${at} ` : ''}${line}\n`);
    }
    if (logs.hasEnded(uid, container) || !isFollowed) response.end();
  };
  response.on('close', logs.listen(uid, container, more));
  more();
}

function hasStarted({ status }: Stored, container: string): boolean {
  const all: V1ContainerStatus[] = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const state = all.find(({ name }) => name === container)?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

function containerOf({ metadata, spec }: Stored, asked: string | null): string {
  const names: string[] = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ name }) => name);
  if (asked !== null && names.includes(asked)) return asked;
  if (asked === null && names.length === 1) return names[0] ?? '';
  const why = asked === null ? 'a container name must be specified' : `container ${asked} is not valid`;
  throw new Refused(400, 'BadRequest', `${why} for pod ${metadata.name}`);
}
