import { OperationError, PortError } from '../../errors.ts';
import type { WorkloadsWish } from '../platform.ts';
import type { UsersWorkload, WorkspaceApi } from './client/workspace-api.ts';
import type { CdpContext } from './context.ts';
import { postponeGuard } from './guard.ts';
import { lookAtWorkspace } from './look.ts';

export interface SettleOptions {
  readonly operationId: string;
  readonly signal?: AbortSignal | undefined;
  readonly workloads?: WorkloadsWish | undefined;
}

const NAMED = 5;

/** Undefined where nobody is to look, or where the control plane does not say where the workspace is. */
async function apiOf({ settings }: CdpContext, instanceUrl: string | undefined): Promise<WorkspaceApi | undefined> {
  const { workloads, controlPlane } = settings;
  const base = workloads?.url ?? instanceUrl;
  if (!workloads || base === undefined) return undefined;
  const { createWorkspaceApi } = await import('./client/workspace-api.ts');
  const { keyFile, caFile } = workloads;
  return createWorkspaceApi(base.replace(/\/+$/, ''), { keyFile, caFile, withinMs: controlPlane.requestWithin });
}

/** Nothing stands on it but whom to tell: a workspace that does not answer is no reason to refuse. */
export async function workloadsToTell(
  context: CdpContext,
  instanceUrl: string | undefined,
  { signal }: Pick<SettleOptions, 'signal'>,
): Promise<{ readonly workloads?: readonly UsersWorkload[]; readonly warnings: readonly string[] }> {
  try {
    const api = await apiOf(context, instanceUrl);
    return api ? { workloads: await api.listRunning({ signal }), warnings: [] } : { warnings: [] };
  } catch (cause) {
    if (!(cause instanceof PortError)) throw cause;
    return { warnings: [`Nobody knows what people run: ${cause.message}`] };
  }
}

/**
 * People's workloads at the moment of the stop, as the wish or the configuration says. Applications and models are stopped
 * and started with the workspace: one that were stopped alone would stay so, in the backup too.
 * @throws OperationError `put-off` for a wish and else `plan-changed`, naming them; nothing was stopped.
 */
export async function settleWorkloads(
  context: CdpContext,
  { operationId, signal, workloads: wish }: SettleOptions,
): Promise<void> {
  const { workloads: configured } = context.settings;
  const atStop = configured?.atStop ?? 'tell';
  if (!configured || (!wish && atStop === 'tell')) return;
  const { told } = await lookAtWorkspace(context, { signal });
  const api = await apiOf(context, told.instanceUrl);
  if (!api) return;
  const waitMs = wish ? wish.waitForMs : atStop === 'wait' ? configured.waitFor : 0;
  const left = await withGuardPostponed(context, operationId, waitMs, () => awaitNone(context, api, waitMs, signal));
  if (left.length === 0) return;
  if (wish ? wish.otherwise === 'stop' : atStop === 'stop') return stopRuns(context, api, left, signal);
  throw stillRun(context, left, wish ? 'put-off' : 'plan-changed');
}

async function withGuardPostponed<T>(
  context: CdpContext,
  operationId: string,
  byMs: number,
  wait: () => Promise<T>,
): Promise<T> {
  await postponeGuard(context, operationId, byMs);
  const since = context.clock.now().getTime();
  try {
    return await wait();
  } finally {
    await postponeGuard(context, operationId, Math.min(0, context.clock.now().getTime() - since - byMs));
  }
}

/** What would be lost: a session or a run that ends half-way. */
function isInTheWay({ kind }: UsersWorkload): boolean {
  return !/application|model/.test(kind);
}

async function awaitNone(
  { clock, settings }: CdpContext,
  api: WorkspaceApi,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<UsersWorkload[]> {
  const until = clock.now().getTime() + waitMs;
  for (;;) {
    const left = (await api.listRunning({ signal })).filter(isInTheWay);
    if (left.length === 0 || clock.now().getTime() >= until) return left;
    await clock.sleep(Math.min(settings.poll, Math.max(1, until - clock.now().getTime())), signal);
  }
}

/** Its API stops no sessions: the control plane ends them with the workspace, and their owners were told. */
async function stopRuns(
  { log }: CdpContext,
  api: WorkspaceApi,
  left: readonly UsersWorkload[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const runs = left.filter(({ kind }) => /job|experiment/.test(kind));
  const stopped =
    runs.length === 0 ? 0 : await api.stopJobRuns(new Set(runs.flatMap(({ project = [] }) => project)), { signal });
  log.warn({ stopped, left: left.length }, 'runs of jobs were stopped so that the workspace can be backed up');
}

function stillRun(
  { workspace }: CdpContext,
  left: readonly UsersWorkload[],
  code: 'put-off' | 'plan-changed',
): OperationError {
  const named = left.slice(0, NAMED).map(({ kind, name, owner }) => `a ${kind} of ${owner ?? 'somebody'} (${name})`);
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : '';
  return new OperationError(code, `People's workloads run in ${workspace}: ${named.join(', ')}${more}.`, {
    hint: 'Nothing was stopped. Ask them to end these, or let the configuration say `atStop: tell`.',
  });
}
