import type { V1Pod } from '@kubernetes/client-node';
import type { LedgerEntry } from './ledger.ts';
import { isPodOf } from './running.ts';

/** What its pods say, to go on after a sentence; empty when they say nothing. */
export function whyNotReady(entry: LedgerEntry, pods: readonly V1Pod[]): string {
  const own = pods.filter((pod) => isPodOf(entry, pod));
  if (own.length === 0) return ': it has no pod';
  const said = own.flatMap((pod) => {
    const why = complaintOf(pod);
    return why === undefined ? [] : [`${pod.metadata?.name}: ${why}`];
  });
  return said.length === 0 ? '' : `: ${said.join('; ')}`;
}

function complaintOf({ status }: V1Pod): string | undefined {
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = status ?? {};
  for (const { name, state, restartCount } of [...initContainerStatuses, ...containerStatuses]) {
    const { reason, message } = state?.waiting ?? {};
    if (reason !== undefined && reason !== 'ContainerCreating' && reason !== 'PodInitializing')
      return `its container ${name} waits (${reason}${message ? `: ${message}` : ''})`;
    if (state?.terminated) return `its container ${name} ended with exit code ${state.terminated.exitCode}`;
    if (restartCount > 0) return `its container ${name} was restarted ${restartCount} times`;
  }
  const unscheduled = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  if (unscheduled) return unscheduled.message ?? 'no node takes it';
  return containerStatuses.some(({ ready }) => !ready) ? 'its probe does not answer' : undefined;
}
