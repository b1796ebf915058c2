import { OperationError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import type { FoundService } from './found.ts';
import { canHold } from './hold-still.ts';
import type { HeldObject } from './ledger.ts';
import { findOwners } from './owners.ts';

/**
 * By service, what would scale it up again while it is stopped and is held still meanwhile.
 * @throws OperationError `preflight-failed` when one of them cannot be.
 */
export async function findHeld(
  context: KubeContext,
  services: readonly FoundService[],
): Promise<ReadonlyMap<string, HeldObject[]>> {
  const held = new Map<string, HeldObject[]>();
  for (const { service, what, canSuspend, how, object } of await findOwners(context, services)) {
    if (!canSuspend || (object && !canHold(object.kind)))
      throw new OperationError(
        'preflight-failed',
        `The service ${service} would be started again by ${what}: ${how}.`,
        {
          hint: 'nothing was stopped',
        },
      );
    if (object) held.set(service, [...(held.get(service) ?? []), object]);
  }
  return held;
}
