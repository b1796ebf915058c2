import { PortError } from '../../errors.ts';
import type { CdpSight } from './context.ts';

/** What the control plane says; undefined while it cannot be asked. That it is away changes nothing about its work. */
export async function unlessAway<T>({ log }: CdpSight, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof PortError && cause.retryable)) throw cause;
    log.warn({ why: cause.message }, 'the control plane does not tell how far it is');
    return undefined;
  }
}
