import { OperationError } from '../../errors.ts';
import { applyDefinition } from './apply-definition.ts';
import type { KubeContext } from './context.ts';
import type { PutBack } from './guard-put-back.ts';
import { recordsOf } from './ledger.ts';
import { wasServed } from './served.ts';

/** How the guard puts back. What it cannot put back it does not start anything on: then it pages. */
export function putBackOf(): PutBack {
  return {
    assertNotInPlace: (context) => assertNone(context, 'in-place'),
    isSwapServed: wasServed,
    isSwapReverted: async () => false,
    revertSwap: (context) => assertNone(context, 'swap'),
    applyDefinition,
  };
}

async function assertNone(context: KubeContext, section: string): Promise<void> {
  const [operationId] = await recordsOf(context).having(section);
  if (operationId === undefined) return;
  throw new OperationError('unknown-data', `The data of operation ${operationId} is in the middle of a change.`, {
    hint: 'nothing is started on data of unknown state',
  });
}
