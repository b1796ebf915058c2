import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Services } from './services.ts';

/** Something of a user that runs in a workspace, or did. */
export interface Workload {
  readonly kind: 'application' | 'job run' | 'model deployment' | 'session';
  readonly project: string;
  readonly name: string;
  status: string;
  /** It does not end when it is told to. */
  readonly isDeaf?: boolean;
}

/** `GET` or `POST` and the path below `/api/v2`. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/**
 * The API v2 of one workspace, as far as public clients of it show: projects, applications, job runs and model deployments
 * with pages, and stopping them. Sessions have no part in it. It is down while the workspace's services are.
 */
export interface WorkspaceApi {
  readonly url: string;
  /** Sent as a bearer. */
  readonly key: string;
  readonly workloads: readonly Workload[];
  readonly calls: readonly ApiCall[];
  close(): Promise<void>;
}

export interface WorkspaceApiOptions {
  readonly workloads?: readonly Workload[];
  readonly services?: Services;
  /** How long something takes to end once told. */
  readonly stopMs?: number;
  /** More than these are not in one answer, whatever is asked for. */
  readonly pageSize?: number;
}

const WORDS = {
  application: { running: 'APPLICATION_RUNNING', stopping: 'APPLICATION_STOPPING', stopped: 'APPLICATION_STOPPED' },
  'job run': { running: 'ENGINE_RUNNING', stopping: 'ENGINE_STOPPING', stopped: 'ENGINE_STOPPED' },
  'model deployment': { running: 'deployed', stopping: 'stopping', stopped: 'stopped' },
  session: { running: 'running', stopping: 'stopping', stopped: 'stopped' },
} as const;

export const running = (
  kind: Workload['kind'],
  project: string,
  name: string,
  more: Partial<Workload> = {},
): Workload => ({
  ...{ kind, project, name, status: WORDS[kind].running },
  ...more,
});

/** An error of this API: gRPC's number and a sentence. */
class Problem extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const absent = (path: string) => new Problem(404, 5, `Not Found: ${path}`);

/** One row: a path with a group for each id, the field of its answer, and what stands in it. */
interface Listing {
  readonly path: RegExp;
  readonly field: string;
  list(workloads: readonly Workload[], ids: readonly string[]): readonly object[];
}

const inProject = (kind: Workload['kind'], project: string | undefined) => (one: Workload) =>
  one.kind === kind && one.project === project;

const LISTINGS: readonly Listing[] = [
  {
    ...{ path: /^\/projects$/, field: 'projects' },
    list: (all) => [...new Set(all.map(({ project }) => project))].map((id) => ({ id, name: `project ${id}` })),
  },
  {
    ...{ path: /^\/projects\/([^/]+)\/applications$/, field: 'applications' },
    list: (all, [project]) => all.filter(inProject('application', project)).map(shown),
  },
  {
    ...{ path: /^\/projects\/([^/]+)\/jobs$/, field: 'jobs' },
    list: (all, [project]) => all.filter(inProject('job run', project)).map(({ name }) => ({ id: name, name })),
  },
  {
    ...{ path: /^\/projects\/([^/]+)\/jobs\/([^/]+)\/runs$/, field: 'job_runs' },
    list: (all, [project, job]) => all.filter(inProject('job run', project)).filter(called(job)).map(shown),
  },
  {
    ...{ path: /^\/projects\/([^/]+)\/models$/, field: 'models' },
    list: (all, [project]) =>
      all.filter(inProject('model deployment', project)).map(({ name }) => ({ id: name, name })),
  },
  {
    ...{ path: /^\/projects\/([^/]+)\/models\/([^/]+)\/builds$/, field: 'model_builds' },
    list: (all, [project, model]) =>
      all
        .filter(inProject('model deployment', project))
        .filter(called(model))
        .map(({ name }) => ({ id: name })),
  },
  {
    ...{ path: /^\/projects\/([^/]+)\/models\/([^/]+)\/builds\/[^/]+\/deployments$/, field: 'model_deployments' },
    list: (all, [project, model]) =>
      all.filter(inProject('model deployment', project)).filter(called(model)).map(shown),
  },
];

const called = (name: string | undefined) => (one: Workload) => one.name === name;
const shown = ({ name, status }: Workload) => ({ id: name, name, status });

const STOPS: readonly { readonly path: RegExp; readonly kind: Workload['kind'] }[] = [
  { path: /^\/projects\/([^/]+)\/applications\/([^/]+):stop$/, kind: 'application' },
  { path: /^\/projects\/([^/]+)\/jobs\/[^/]+\/runs\/([^/]+):stop$/, kind: 'job run' },
  {
    path: /^\/projects\/([^/]+)\/models\/[^/]+\/builds\/[^/]+\/deployments\/([^/]+):stop$/,
    kind: 'model deployment',
  },
];

export async function createWorkspaceApi(options: WorkspaceApiOptions = {}): Promise<WorkspaceApi> {
  const { workloads = [], services, stopMs = 20, pageSize = 2 } = options;
  const key = 'a-key-of-the-workspace.of-two-parts';
  const calls: ApiCall[] = [];
  const timers = new Set<NodeJS.Timeout>();

  function stop(kind: Workload['kind'], project: string | undefined, name: string | undefined): object {
    const found = workloads.filter(inProject(kind, project)).find(called(name));
    if (!found) throw absent(`${kind} ${name}`);
    found.status = WORDS[kind].stopping;
    const end = () => {
      found.status = WORDS[kind].stopped;
    };
    if (!found.isDeaf) timers.add(setTimeout(end, stopMs));
    return shown(found);
  }

  function answer(method: string, path: string, query: URLSearchParams, { headers }: IncomingMessage): object {
    if (headers.authorization !== `Bearer ${key}`) throw new Problem(401, 16, 'Invalid API key');
    // As a living one said it to an ordinary key.
    if (path === '/workloads/executions') throw new Problem(403, 7, 'User is not an observability machine user');
    if (method === 'POST') {
      for (const { path: pattern, kind } of STOPS) {
        const ids = pattern.exec(path)?.slice(1).map(decodeURIComponent);
        if (ids) return stop(kind, ids[0], ids[1]);
      }
    }
    for (const { path: pattern, field, list } of method === 'GET' ? LISTINGS : []) {
      const ids = pattern.exec(path)?.slice(1).map(decodeURIComponent);
      if (ids) return pageOf(field, list(workloads, ids), query, pageSize);
    }
    throw absent(path);
  }

  const server = createServer((message, response) => {
    if (services && !services.areUp) {
      message.socket.destroy();
      return;
    }
    const { pathname, searchParams } = new URL(message.url ?? '/', 'http://workspace');
    const path = pathname.replace(/^\/api\/v2/, '');
    const method = message.method ?? '';
    const { status, body } = attempt(() => answer(method, path, searchParams, message));
    calls.push({ method, path, status });
    message.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2`, key, workloads, calls },
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function attempt(work: () => object): { readonly status: number; readonly body: object } {
  try {
    return { status: 200, body: work() };
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(500, 13, `bug of the double: ${error}`);
    return { status: problem.status, body: { code: problem.code, message: problem.message, details: [] } };
  }
}

function pageOf(field: string, list: readonly object[], query: URLSearchParams, most: number): object {
  const size = Math.min(Number(query.get('page_size') ?? most), most);
  const from = Number(query.get('page_token') ?? 0);
  const next = from + size < list.length ? String(from + size) : '';
  return { [field]: list.slice(from, from + size), next_page_token: next };
}
