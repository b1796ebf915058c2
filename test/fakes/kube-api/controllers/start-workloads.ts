import { startAutoscaler } from './autoscaler.ts';
import { startCronJobController } from './cron-job.ts';
import { startDaemonSetController } from './daemon-set.ts';
import { startDeploymentController } from './deployment.ts';
import { startEphemeralClaims } from './ephemeral-claims.ts';
import { startGarbageCollector } from './garbage.ts';
import { startGitOps } from './gitops.ts';
import { startJobController } from './job.ts';
import { startPodController } from './pod.ts';
import { startStatefulSetController } from './stateful-set.ts';
import type { World } from './world.ts';

/** Everything that runs, until the world stops. */
export function startWorkloads(world: World): void {
  for (const stop of [
    startGarbageCollector(world),
    startEphemeralClaims(world),
    startPodController(world),
    startDeploymentController(world),
    startStatefulSetController(world),
    startDaemonSetController(world),
    startJobController(world),
    startCronJobController(world),
    startAutoscaler(world),
    startGitOps(world),
  ])
    world.onStop(stop);
}
