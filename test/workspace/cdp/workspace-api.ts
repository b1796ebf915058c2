import { createServer } from 'node:http';

interface Running {
  readonly workload_type: string;
  readonly name: string;
  readonly creator: string;
  readonly project_name: string;
  status: string;
}

/** The workspace's own API v2, as much of it as is asked for: lists in pages of one, so that all pages are read. */
export async function serveWorkspaceApi(key: string, running: Running[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://workspace');
    const path = url.pathname.replace(/^\/api\/v2/, '');
    asked.push(`${request.method} ${path}`);
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${key}`) return answer(401, { message: 'no such key' });
    const paged = (name: string, list: readonly unknown[]) => {
      const at = Number(url.searchParams.get('page_token') ?? 0);
      const next = at + 1 < list.length ? String(at + 1) : '';
      answer(200, { [name]: list.slice(at, at + 1), next_page_token: next });
    };
    const runsOf = (project: string) =>
      running.filter(({ project_name, workload_type }) => project_name === project && workload_type === 'job');
    const [, project = ''] = /^\/projects\/id-([^/]+)\//.exec(path) ?? [];
    if (path === '/usage') return paged('usage_response', running);
    if (path === '/projects')
      return paged('projects', [...new Set(running.map((one) => one.project_name))].map(asProject));
    if (path.endsWith('/jobs')) return paged('jobs', [{ id: 'job-1', name: 'nightly' }]);
    if (path.endsWith('/runs'))
      return paged(
        'job_runs',
        runsOf(project).map(({ name, status }) => ({ id: name, status })),
      );
    const run = /\/runs\/([^/]+):stop$/.exec(path)?.[1];
    const found = runsOf(project).find(({ name }) => name === run);
    if (request.method !== 'POST' || !found) return answer(404, { message: 'not found' });
    found.status = 'ENGINE_STOPPED';
    answer(200, {});
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    ...{ url: `http://127.0.0.1:${port}`, asked },
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

const asProject = (name: string) => ({ id: `id-${name}`, name });
