import { z } from 'zod';
import { operationFailed, undoEnded } from '../chat/messages/operation-ended.ts';
import { defineStory } from '../operation/operation.ts';
import { definitionFile } from '../workspace/platform.ts';
import { stagedPart } from '../workspace/swaps.ts';
import { swapEnsures, swapOutcome, swapShown, swapSteps, swapStopsServices } from './swap-steps.ts';

/** Nobody counts what comes back: it never left the disk. */
const { files: _, bytes: __, ...outcome } = swapOutcome;
export const undoOutcome = z.object({ ...outcome, undone: z.string() });
export type UndoOutcome = z.infer<typeof undoOutcome>;

const MINUTE = 60_000;

export const undoStory = defineStory({
  kind: 'undo',
  steps: {
    'claim approval': { result: z.void(), timeoutMs: MINUTE, retries: 3 },
    preflight: { result: definitionFile.optional(), timeoutMs: 30 * MINUTE, retries: 2 },
    stage: { result: z.array(stagedPart), timeoutMs: 10 * MINUTE },
    ...swapSteps,
  },
  ensures: swapEnsures,
  shown: ['claim approval', 'preflight', 'stage', ...swapShown],
  stopsServices: swapStopsServices,
  ended: (operation) => {
    const facts = undoOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return undoEnded(operation, facts.data);
    return operationFailed(operation, operation.error?.code !== 'services-still-down');
  },
});
