import { z } from 'zod';
import { operationFailed, restoreEnded } from '../chat/messages/operation-ended.ts';
import { defineStory } from '../operation/operation.ts';
import { definitionFile } from '../workspace/platform.ts';
import { stagedPart } from '../workspace/swaps.ts';
import { swapEnsures, swapOutcome, swapShown, swapSteps, swapStopsServices } from './swap-steps.ts';

export const restoreOutcome = z.object(swapOutcome);
export type RestoreOutcome = z.infer<typeof restoreOutcome>;

const MINUTE = 60_000;

export const restoreStory = defineStory({
  kind: 'restore',
  steps: {
    'claim approval': { result: z.void(), timeoutMs: MINUTE, retries: 3 },
    preflight: { result: z.void(), timeoutMs: 30 * MINUTE, retries: 2 },
    stage: { result: z.array(stagedPart), timeoutMs: 10 * MINUTE },
    fill: { result: z.object({ files: z.number(), bytes: z.number() }), retries: 2 },
    'fetch definition': { result: definitionFile, timeoutMs: 10 * MINUTE, retries: 3 },
    ...swapSteps,
  },
  ensures: swapEnsures,
  shown: ['claim approval', 'preflight', 'stage', 'fill', 'fetch definition', ...swapShown],
  stopsServices: swapStopsServices,
  ended: (operation) => {
    const facts = restoreOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return restoreEnded(operation, facts.data);
    return operationFailed(operation, operation.error?.code !== 'services-still-down');
  },
});
