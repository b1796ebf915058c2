import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { RunProgram } from '../../program.ts';
import type { WorkspacePolicy } from '../../records/workspace.ts';
import type { Cluster } from './cluster.ts';
import type { KubernetesSettings } from './settings.ts';

/** What everything in this room works with: one workspace on one cluster. Made by the server and by its guard. */
export interface KubeContext {
  readonly workspace: string;
  readonly namespace: string;
  readonly settings: KubernetesSettings;
  readonly policy: WorkspacePolicy;
  readonly cluster: Cluster;
  /** The same, writing as the account that restores; absent: there is none of its own. */
  readonly restoring?: Cluster;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs programs on the machine, or in the pod, that we run in: for what needs no part of the workspace. */
  readonly runHere: RunProgram;
  /** Holds a folder for each operation, where programs that run here keep their output. The guard has none: it runs nothing. */
  readonly folder?: string | undefined;
  /** The image of movers and of the guard. */
  readonly image: string;
  /** The guard itself, which has taken over: what keeps an operation from acting against it does not keep it. */
  readonly isGuard?: boolean;
}

/** For what only a restore or an undo changes. */
export function asRestorer(context: KubeContext): KubeContext {
  return { ...context, cluster: context.restoring ?? context.cluster };
}
