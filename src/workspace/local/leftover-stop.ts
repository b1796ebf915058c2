import type { EffectOptions } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { findProcesses, sendSignal } from './find-processes.ts';

const POLL_MS = 100;
/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 5_000;
/** How long a killed process may take to be gone; longer means that the kernel holds it. */
const KILLED_WITHIN_MS = 10_000;

/** By this a later life, or the guard, knows the stop command of a service that an earlier one began. */
export function stopMarks(context: LocalContext, service: string): Record<string, string> {
  return { CML_STOPPING: `${context.workspace}/${service}`, CML_STATE: context.folder };
}

/**
 * Resolves when no stop command of this service runs any more. It outlives whoever began it and must not finish after
 * the service was started. It may end by itself for as long as a stop may take, so that nothing is stopped half-way; then
 * it is ended.
 */
export async function awaitLeftoverStop(
  context: LocalContext,
  service: { readonly name: string; readonly stopWithin: number },
  { signal }: EffectOptions,
): Promise<void> {
  const { clock } = context;
  const marks = Object.entries(stopMarks(context, service.name)).map(([name, value]) => `${name}=${value}`);
  const beganAt = performance.now();
  const told = new Set<string>();
  // Looked for after a wait, too: one that was just forked does not carry its marks yet.
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const left = findProcesses({ marks });
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    const lateMs = performance.now() - beganAt - service.stopWithin;
    if (lateMs > GRACE_MS + KILLED_WITHIN_MS) return;
    const tell = lateMs > GRACE_MS ? 'SIGKILL' : 'SIGTERM';
    for (const process of lateMs > 0 ? left : []) {
      if (!told.has(`${tell} ${process.pid}`)) sendSignal(process, tell);
      told.add(`${tell} ${process.pid}`);
    }
    await clock.sleep(POLL_MS, signal);
  }
}
