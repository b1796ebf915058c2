import { PortError } from '../../errors.ts';
import type { CdpSight } from './context.ts';

/** A page of a proxy in the place of an answer, a login that expired: somebody may mend it while the control plane works on. */
const MENDED_BY_OTHERS = new Set<string>(['platform-unavailable', 'control-plane-login']);

interface Away {
  /** Only where there is a time at which it is given up. */
  readonly awaitsMending?: true;
}

/** What the control plane says; undefined while it cannot be asked. That it is away changes nothing about its work. */
export async function unlessAway<T>(
  { log }: CdpSight,
  ask: () => Promise<T>,
  { awaitsMending }: Away = {},
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof PortError)) throw cause;
    if (!cause.retryable && !(awaitsMending && MENDED_BY_OTHERS.has(cause.code))) throw cause;
    log.warn({ why: cause.message }, 'the control plane does not tell how far it is');
    return undefined;
  }
}
