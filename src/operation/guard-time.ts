import type { WorkspacePolicy } from '../records/workspace.ts';
import type { DefinitionFile, RunningNote, WorkspacePlatform } from '../workspace/platform.ts';

type Patience = Pick<WorkspacePolicy, 'downtimeBudget' | 'guardMargin'>;

/** Less than this the guard may be early by; it waits for its node and its image before it can answer. */
const EARLY_MS = 5_000;

/** When the guard acts: the whole downtime budget and a margin after services begin to stop. */
export function guardTime(now: Date, policy: Patience): string {
  return new Date(now.getTime() + policy.downtimeBudget + policy.guardMargin).toISOString();
}

export interface Arming {
  readonly note: RunningNote;
  readonly policy: Patience;
  readonly now: () => Date;
  readonly putBack?: DefinitionFile;
}

/** Before the first stop. The time that arming took belongs to nobody's downtime: then its time is told anew. */
export async function armBeforeStop(platform: WorkspacePlatform, arming: Arming): Promise<void> {
  const { note, policy, now, putBack } = arming;
  const beganAt = now();
  await platform.armGuard(note, guardTime(beganAt, policy), putBack);
  if (now().getTime() - beganAt.getTime() >= EARLY_MS) await platform.armGuard(note, guardTime(now(), policy), putBack);
}
