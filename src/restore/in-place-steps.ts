import { z } from 'zod';
import { operationFailed, restoreEnded } from '../chat/messages/operation-ended.ts';
import { defineStory } from '../operation/operation.ts';
import { definitionFile, quiet, runningNote, started } from '../workspace/platform.ts';
import { stagedPart } from '../workspace/swaps.ts';
import { swapOutcome } from './swap-steps.ts';

const { displacedUntil: _, displaced: __, ...common } = swapOutcome;
export const inPlaceOutcome = z.object({ ...common, safetyBackupId: z.string().optional() });
export type InPlaceOutcome = z.infer<typeof inPlaceOutcome>;

/** What the safety backup is made of belongs to whoever makes backups; here only the copy that puts it back counts, where there is one. */
export const safetyCopy = z.object({ copyId: z.string().optional(), made: z.json() });
export type SafetyCopy = z.infer<typeof safetyCopy>;

const MINUTE = 60_000;

export const inPlaceStory = defineStory({
  kind: 'restore-in-place',
  steps: {
    'claim approval': { result: z.void(), timeoutMs: MINUTE, retries: 3 },
    preflight: { result: z.json(), timeoutMs: 60 * MINUTE, retries: 2 },
    'fetch definition': { result: definitionFile, timeoutMs: 10 * MINUTE, retries: 3 },
    'capture present definition': { result: definitionFile, timeoutMs: 5 * MINUTE, retries: 2 },
    announce: { result: z.void(), timeoutMs: 5 * MINUTE, retries: 2, againUntil: 'arm guard' },
    'safety pre-copy': { result: z.json(), retries: 2 },
    countdown: { result: z.void(), againUntil: 'arm guard' },
    'note running': { result: runningNote, timeoutMs: MINUTE },
    // On a fresh node its image is pulled first.
    'arm guard': { result: z.void(), timeoutMs: 5 * MINUTE },
    stop: { result: quiet },
    'safety copy': { result: safetyCopy },
    'begin in place': { result: z.array(stagedPart), timeoutMs: MINUTE, final: true },
    'write in place': { result: z.object({ files: z.number(), bytes: z.number() }), retries: 2 },
    'apply definition': { result: z.void(), timeoutMs: 5 * MINUTE, retries: 1 },
    'end in place': { result: z.void(), timeoutMs: MINUTE, retries: 3 },
    'start restored': { result: started, timeoutMs: 10 * MINUTE, retries: 1 },
  },
  ensures: {
    'put back in place': {
      result: z.enum(['previous', 'served']),
      timeoutMs: 24 * 60 * MINUTE,
      retries: 20,
      otherwise: 'page',
    },
    'start again': { result: started, timeoutMs: 10 * MINUTE, retries: 40, otherwise: 'page' },
    'disarm guard': { result: z.void(), timeoutMs: MINUTE, retries: 5, otherwise: 'warn' },
    'record safety backup': { result: z.string(), timeoutMs: 120 * MINUTE, retries: 3, otherwise: 'warn' },
    release: { result: z.void(), timeoutMs: 10 * MINUTE, retries: 2, otherwise: 'warn', removes: true },
  },
  shown: [
    'claim approval',
    'preflight',
    'fetch definition',
    'announce',
    'safety pre-copy',
    'countdown',
    'note running',
    'capture present definition',
    'arm guard',
    'stop',
    'safety copy',
    'begin in place',
    'write in place',
    'apply definition',
    'end in place',
    'start restored',
    'put back in place',
    'start again',
    'disarm guard',
    'record safety backup',
    'release',
  ],
  stopsServices: { from: 'arm guard', stop: 'stop', until: ['start restored', 'start again'] },
  ended: (operation) => {
    const facts = inPlaceOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return restoreEnded(operation, facts.data);
    return operationFailed(operation, operation.error?.code !== 'services-still-down');
  },
});
