import { applyDefinition } from './apply-definition.ts';
import { asRestorer } from './context.ts';
import type { PutBack } from './guard-put-back.ts';
import { assertNotInPlace } from './in-place.ts';
import { isSwapReverted, isSwapServed, revertSwap } from './swap.ts';

/** How the guard puts back. What it cannot put back it does not start anything on: then it pages. */
export function putBackOf(): PutBack {
  return {
    assertNotInPlace: (context) => assertNotInPlace(context),
    ...{ isSwapServed, isSwapReverted },
    revertSwap: (context, operationId) => revertSwap(asRestorer(context), operationId),
    applyDefinition: (context, path) => applyDefinition(asRestorer(context), path),
  };
}
