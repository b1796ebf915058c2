import { basename } from 'node:path';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { PrepareProgram } from '../../program.ts';
import { tooLate } from './attend-job.ts';
import { adopt, needsWorkspace, rememberSeLinuxLevel, start } from './begin-job.ts';
import type { KubeContext } from './context.ts';
import { endJob } from './end-programs.ts';
import { gatedForMs } from './gate.ts';
import { programNameOf } from './job-spec.ts';
import { POD } from './kinds.ts';
import { lookAtPod } from './pod-sight.ts';
import { BEGINS_WITHIN_MS, type JobRunnerOptions } from './run-job.ts';

export interface JobPreparerOptions extends JobRunnerOptions {
  /** A holder is never run: it is there so that its places stay mounted. Default mover. */
  readonly role?: 'mover' | 'holder';
}

/**
 * Has a program's pod running and its volumes mounted; it waits at a gate, which `run` opens. Scheduling, attaching and
 * pulling an image are no downtime then. What stands under its name already waited for an earlier moment: it is made anew.
 */
export function createJobPreparer(context: KubeContext, options: JobPreparerOptions = {}): PrepareProgram {
  const seLinuxLevel = rememberSeLinuxLevel(context);
  const { beginsWithinMs = BEGINS_WITHIN_MS, role = 'mover' } = options;
  return async (program, { folder, signal }) => {
    if (!needsWorkspace(program)) return;
    const operationId = basename(folder);
    const name = programNameOf(operationId, program.key);
    const asked = { name, operationId, program, beginsWithinMs, seLinuxLevel, gatedForMs: gatedForMs(context), role };
    const standing = await adopt(context, asked);
    if (standing) await endJob(context, standing);
    const job = await start(context, asked, signal);
    try {
      await awaitAtGate(context, { job, program, beginsWithinMs }, signal);
    } catch (error) {
      await endJob(context, job);
      throw error;
    }
  };
}

async function awaitAtGate(
  context: KubeContext,
  attended: { readonly job: V1Job; readonly program: { readonly key: string }; readonly beginsWithinMs: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { job, program, beginsWithinMs } = attended;
  const { cluster, namespace } = context;
  let seen: V1Pod | undefined;
  const look = (pods: readonly V1Pod[]) => {
    const pod = pods.find(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid));
    if (seen && !pod) throw gone(program.key);
    if (!pod) return undefined;
    seen = pod;
    const sight = lookAtPod(pod, program.key);
    if (sight.state === 'failed') throw sight.error;
    if (sight.state === 'ended') throw gone(program.key);
    return sight.state === 'running' ? true : undefined;
  };
  const late = new Error('late');
  const where = { namespace, labels: `job-name=${job.metadata?.name}` };
  try {
    await cluster.follow(POD, where, look, { signal, withinMs: beginsWithinMs, late: () => late });
  } catch (error) {
    throw error === late ? await tooLate(context, attended, seen) : error;
  }
}

function gone(key: string): PortError {
  return new PortError('platform-unavailable', `The program ${key} was removed before its turn came`, {
    retryable: true,
  });
}
