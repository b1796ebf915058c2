import type { WorkspacePolicy } from '../records/workspace.ts';

/** When the guard acts: the whole downtime budget and a margin after services begin to stop. */
export function guardTime(now: Date, policy: Pick<WorkspacePolicy, 'downtimeBudget' | 'guardMargin'>): string {
  return new Date(now.getTime() + policy.downtimeBudget + policy.guardMargin).toISOString();
}
