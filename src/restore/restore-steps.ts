import { z } from 'zod';
import { operationFailed, restoreEnded } from '../chat/messages/operation-ended.ts';
import { defineStory } from '../operation/operation.ts';
import { moment } from '../records/time.ts';
import { definitionFile, quiet, runningNote, stagedPart, started } from '../workspace/platform.ts';

export const restoreOutcome = z.object({
  backupId: z.string(),
  requestId: z.string(),
  files: z.number(),
  bytes: z.number(),
  downtimeMs: z.number(),
  displaced: z.array(z.string()),
  displacedUntil: moment,
  warnings: z.array(z.string()),
});
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
    'capture present definition': { result: definitionFile, timeoutMs: 5 * MINUTE, retries: 2 },
    announce: { result: z.void(), timeoutMs: 5 * MINUTE, retries: 2, againUntil: 'arm guard' },
    countdown: { result: z.void(), againUntil: 'arm guard' },
    'note running': { result: runningNote, timeoutMs: MINUTE },
    'arm guard': { result: z.void(), timeoutMs: MINUTE },
    stop: { result: quiet },
    commit: { result: z.void(), timeoutMs: 10 * MINUTE, final: true },
    'apply definition': { result: z.void(), timeoutMs: 5 * MINUTE, retries: 1 },
    'start restored': { result: started, timeoutMs: 10 * MINUTE, retries: 1 },
  },
  ensures: {
    'see what serves': { result: z.boolean(), timeoutMs: MINUTE, retries: 20, otherwise: 'page' },
    'put back': { result: z.void(), timeoutMs: 10 * MINUTE, retries: 20, otherwise: 'page' },
    'start again': { result: started, timeoutMs: 10 * MINUTE, retries: 40, otherwise: 'page' },
    'keep displaced': { result: z.array(z.string()), timeoutMs: MINUTE, retries: 3, otherwise: 'warn' },
    'disarm guard': { result: z.void(), timeoutMs: MINUTE, retries: 5, otherwise: 'warn' },
    release: { result: z.void(), timeoutMs: 10 * MINUTE, retries: 2, otherwise: 'warn', removes: true },
  },
  shown: [
    'claim approval',
    'preflight',
    'stage',
    'fill',
    'fetch definition',
    'capture present definition',
    'announce',
    'countdown',
    'note running',
    'arm guard',
    'stop',
    'commit',
    'apply definition',
    'start restored',
    'see what serves',
    'put back',
    'start again',
    'disarm guard',
    'keep displaced',
    'release',
  ],
  stopsServices: { from: 'arm guard', stop: 'stop', until: ['start restored', 'start again'] },
  ended: (operation) => {
    const facts = restoreOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return restoreEnded(operation, facts.data);
    return operationFailed(operation, operation.error?.code !== 'services-still-down');
  },
});
