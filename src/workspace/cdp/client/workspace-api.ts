import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import { z } from 'zod';
import { PortError } from '../../../errors.ts';
import { codeOf } from '../../system-error.ts';
import { createAgent, readCertificates } from './connection.ts';

export interface WorkspaceApiSettings {
  /** A key of the workspace's own API v2, of one of its administrators. */
  readonly keyFile: string;
  readonly caFile?: string | undefined;
  readonly withinMs: number;
}

interface Asking {
  readonly signal?: AbortSignal | undefined;
}

/** What people run in a workspace, as it tells itself. */
export interface UsersWorkload {
  readonly kind: string;
  readonly name: string;
  readonly owner?: string | undefined;
  readonly project?: string | undefined;
}

const text = z.string().optional().catch(undefined);
const page = z.looseObject({ next_page_token: text });
const named = z.looseObject({ id: z.string(), name: text });
const usage = page.extend({
  usage_response: z
    .array(z.looseObject({ name: text, creator: text, workload_type: text, status: text, project_name: text }))
    .default([]),
});
const projects = page.extend({ projects: z.array(named).default([]) });
const jobs = page.extend({ jobs: z.array(named).default([]) });
const runs = page.extend({ job_runs: z.array(named.extend({ status: text })).default([]) });

/** What is over, in the words of engines, applications and models; a word that we do not know counts as running. */
const OVER = /(stopped|succeeded|success|failed|failure|timed_?out|killed|finished|archived)$/i;
const PAGE_SIZE = '100';
/** A server that answers the same page again and again is not followed for ever. */
const MOST_PAGES = 500;

/**
 * The workspace's own API v2. Source: its published OpenAPI document, of which only these operations are used: ListUsage,
 * ListProjects, ListJobs, ListJobRuns, StopJobRun.
 * @throws PortError `platform-unavailable`.
 */
export function createWorkspaceApi(base: string, settings: WorkspaceApiSettings) {
  async function call<T>(method: 'GET' | 'POST', path: string, shape: z.ZodType<T>, { signal }: Asking): Promise<T> {
    const key = (await readKey(settings.keyFile)).trim();
    const ca = settings.caFile === undefined ? undefined : await readCertificates(settings.caFile);
    const dispatcher = createAgent(ca, settings.withinMs);
    try {
      const headers = { authorization: `Bearer ${key}`, accept: 'application/json' };
      const answer = await request(`${base}/api/v2${path}`, { method, headers, dispatcher, ...(signal && { signal }) });
      const said = await answer.body.text();
      if (answer.statusCode >= 400) throw refused(base, answer.statusCode);
      return shape.parse(JSON.parse(said || '{}'));
    } catch (cause) {
      if (cause instanceof PortError || signal?.aborted) throw cause;
      throw unavailable(base, cause);
    } finally {
      await dispatcher.close();
    }
  }

  async function all<P extends z.infer<typeof page>, T>(
    path: string,
    shape: z.ZodType<P>,
    pick: (page: P) => readonly T[],
    asking: Asking,
    query: Readonly<Record<string, string>> = {},
  ): Promise<T[]> {
    const found: T[] = [];
    let token: string | undefined;
    for (let turn = 0; turn < MOST_PAGES; turn += 1) {
      const asked = new URLSearchParams({ page_size: PAGE_SIZE, ...query, ...(token ? { page_token: token } : {}) });
      const answer = await call('GET', `${path}?${asked}`, shape, asking);
      found.push(...pick(answer));
      if (!answer.next_page_token || answer.next_page_token === token) return found;
      token = answer.next_page_token;
    }
    return found;
  }

  return {
    async listRunning(asking: Asking = {}): Promise<UsersWorkload[]> {
      const told = await all('/usage', usage, (one) => one.usage_response, asking);
      return told
        .filter(({ status }) => !OVER.test(status ?? ''))
        .map(({ workload_type: kind = 'workload', name = '', creator: owner, project_name: project }) => ({
          ...{ kind: kind.toLowerCase(), name },
          ...(owner ? { owner } : {}),
          ...(project ? { project } : {}),
        }));
    },
    /** Stops the runs of jobs in these projects; answers how many. Applications and models are none of its business. */
    async stopJobRuns(inProjects: ReadonlySet<string>, asking: Asking = {}): Promise<number> {
      let stopped = 0;
      const everywhere = { include_all_projects: 'true' };
      const known = await all('/projects', projects, (one) => one.projects, asking, everywhere);
      for (const { id } of known.filter(({ name }) => inProjects.has(name ?? ''))) {
        const at = `/projects/${encodeURIComponent(id)}/jobs`;
        for (const job of await all(at, jobs, (one) => one.jobs, asking)) {
          const runsAt = `${at}/${encodeURIComponent(job.id)}/runs`;
          const running = (await all(runsAt, runs, (one) => one.job_runs, asking)).filter(
            ({ status }) => !OVER.test(status ?? ''),
          );
          for (const run of running) {
            await call('POST', `${runsAt}/${encodeURIComponent(run.id)}:stop`, z.unknown(), asking);
            stopped += 1;
          }
        }
      }
      return stopped;
    },
  };
}
export type WorkspaceApi = ReturnType<typeof createWorkspaceApi>;

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PortError('platform-unavailable', `The key of the workspace cannot be read: ${path} (${codeOf(cause)})`, {
      hint: 'Look at `workloads.keyFile` of this workspace.',
    });
  }
}

function refused(base: string, status: number): PortError {
  const isKey = status === 401 || status === 403;
  return new PortError('platform-unavailable', `The workspace at ${base} answers ${status} about its workloads.`, {
    retryable: status === 429 || status >= 500,
    hint: isKey ? 'Its API v2 key has expired, or is not one of an administrator.' : 'Is this its address?',
  });
}

function unavailable(base: string, cause: unknown): PortError {
  return new PortError('platform-unavailable', `The workspace at ${base} does not tell what people run in it.`, {
    cause,
    retryable: true,
  });
}
