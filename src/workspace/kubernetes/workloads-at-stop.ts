import { OperationError } from '../../errors.ts';
import type { EffectOptions, WorkloadsWish } from '../platform.ts';
import { asRestorer, type KubeContext } from './context.ts';
import { postponeGuard } from './guard.ts';
import { POD } from './kinds.ts';
import { recordsOf } from './ledger.ts';
import { withOwners } from './workload-owners.ts';
import { findWorkloads, userNamespaces, type Workload } from './workloads.ts';

export interface SettleOptions extends EffectOptions {
  readonly workloads?: WorkloadsWish | undefined;
}

/**
 * People's workloads at the moment of the stop, as the wish or the configuration says: a reason to refuse, waited for, or
 * ended.
 * @throws OperationError naming them, `put-off` for a wish and else `plan-changed`; nothing was stopped.
 */
export async function settleWorkloads(
  context: KubeContext,
  operationId: string,
  options: SettleOptions,
): Promise<void> {
  const workloads = (await findWorkloads(context)).filter(isInTheWay);
  if (workloads.length === 0) return;
  // A restore that is put back cannot wait for whoever came in on the restored data meanwhile.
  const isPuttingBack = (await recordsOf(context).having('swap')).includes(operationId);
  if (options.workloads && !isPuttingBack) return settleAsWished(context, operationId, options, options.workloads);
  const policy = isPuttingBack ? 'stop' : context.settings.workloads;
  if (policy === 'refuse') throw stillRun(context, await withOwners(context, workloads));
  if (policy === 'wait') return awaitWorkloads(context, operationId, options, context.settings.waitForWorkloads);
  await endWorkloads(isPuttingBack ? asRestorer(context) : context, workloads, options);
}

/**
 * A model or application that is kept running by a workload of its own never ends, and one that has no claim mounted writes
 * nothing that is captured: it goes on. What mounts a share in another way is found when quiet is proven.
 */
function isInTheWay({ madeBy, claims }: Workload): boolean {
  return madeBy === undefined || madeBy.kind === 'Job' || claims.length > 0;
}

async function settleAsWished(
  context: KubeContext,
  operationId: string,
  options: EffectOptions,
  wish: WorkloadsWish,
): Promise<void> {
  try {
    await awaitWorkloads(context, operationId, options, wish.waitForMs);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'plan-changed') throw error;
    if (wish.otherwise === 'put-off')
      throw new OperationError('put-off', error.message, { hint: 'Services were not stopped.' });
    await endWorkloads(context, (await findWorkloads(context)).filter(isInTheWay), options);
  }
}

/** Services are up meanwhile, so the guard is told to come later by as much. */
async function awaitWorkloads(
  context: KubeContext,
  operationId: string,
  { signal }: EffectOptions,
  withinMs: number,
): Promise<void> {
  await postponeGuard(context, operationId, withinMs);
  const since = context.clock.now().getTime();
  try {
    await untilNone(context, { signal, withinMs });
  } finally {
    const waitedMs = context.clock.now().getTime() - since;
    await postponeGuard(context, operationId, Math.min(0, waitedMs - withinMs));
  }
}

/** @throws OperationError `plan-changed` when one of them would only be made again. */
async function endWorkloads(
  context: KubeContext,
  workloads: readonly Workload[],
  { signal }: EffectOptions,
): Promise<void> {
  const { cluster, log, settings } = context;
  const again = workloads.filter(({ madeBy }) => madeBy !== undefined && madeBy.kind !== 'Job');
  if (again.length > 0) throw stillRun(context, again);
  for (const { namespace, pod, kind, owner } of workloads) {
    log.warn({ namespace, pod, kind, owner }, 'a workload of a user is ended so that the workspace can stop');
    await cluster.remove(POD, pod, namespace);
  }
  await untilNone(context, { signal, withinMs: settings.stopWithin });
}

async function untilNone(
  context: KubeContext,
  { signal, withinMs }: { signal: AbortSignal | undefined; withinMs: number },
): Promise<void> {
  const isUsers = userNamespaces(context);
  let left: Workload[] = [];
  // The server cannot select namespaces by a pattern.
  await context.cluster.follow(
    POD,
    { fields: 'status.phase!=Succeeded,status.phase!=Failed' },
    async (pods) => {
      const theirs = pods.filter(({ metadata }) => isUsers(metadata?.namespace ?? ''));
      left = theirs.length === 0 ? [] : (await findWorkloads(context, theirs)).filter(isInTheWay);
      return left.length === 0 ? true : undefined;
    },
    { signal, withinMs, late: () => stillRun(context, left) },
  );
}

function stillRun({ workspace }: KubeContext, workloads: readonly Workload[]): OperationError {
  const named = workloads.slice(0, 5).map(({ namespace, pod, kind, owner }) => {
    const what = kind === 'unknown' ? 'a workload' : `a ${kind}`;
    return `${what} of ${owner ?? 'somebody'} (${namespace}/${pod})`;
  });
  const more = workloads.length > named.length ? ` and ${workloads.length - named.length} more` : '';
  return new OperationError('plan-changed', `People's workloads run in ${workspace}: ${named.join(', ')}${more}.`, {
    hint: 'ask them to end these, or let the configuration say `workloads: wait` or `stop`',
  });
}
