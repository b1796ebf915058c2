import { z } from 'zod';
import { operationFailed, restoreEnded } from '../chat/messages/operation-ended.ts';
import { defineStory } from '../operation/operation.ts';
import { moment } from '../records/time.ts';
import { definitionFile, quiet, runningNote, started } from '../workspace/platform.ts';
import { inPlaceOutcome, safetyCopy } from './in-place-steps.ts';

export const byVendorOutcome = inPlaceOutcome;
export type ByVendorOutcome = z.infer<typeof byVendorOutcome>;

const MINUTE = 60_000;
/** Restores of hundreds of gigabytes take a day. Source: the vendor's migration in the same product, up to 2880 minutes. */
const DAYS = 3 * 24 * 60 * MINUTE;

export const byVendorStory = defineStory({
  kind: 'restore-by-vendor',
  steps: {
    'claim approval': { result: z.void(), timeoutMs: MINUTE, retries: 3 },
    preflight: { result: z.json(), timeoutMs: 60 * MINUTE, retries: 2 },
    announce: { result: z.void(), timeoutMs: 5 * MINUTE, retries: 2, againUntil: 'arm guard' },
    'safety pre-copy': { result: z.json(), retries: 2 },
    countdown: { result: z.void(), againUntil: 'arm guard' },
    'note running': { result: runningNote, timeoutMs: MINUTE },
    'capture present definition': { result: definitionFile, timeoutMs: 5 * MINUTE, retries: 2 },
    'arm guard': { result: z.void(), timeoutMs: 5 * MINUTE },
    stop: { result: quiet },
    'safety copy': { result: safetyCopy },
    'record safety backup': { result: z.string(), timeoutMs: 120 * MINUTE, retries: 3 },
    // What the vendor overwrites nobody can put back.
    'begin restore': {
      result: z.object({ endsBy: moment, unproven: z.string().optional() }),
      timeoutMs: 60 * MINUTE,
      final: true,
    },
    'write folders': { result: z.object({ files: z.number(), bytes: z.number() }), retries: 2 },
  },
  ensures: {
    'follow restore': {
      result: z.object({ state: z.enum(['restored', 'failed', 'none']), said: z.string() }),
      timeoutMs: DAYS,
      retries: 40,
      otherwise: 'page',
    },
    'extend guard': { result: z.void(), timeoutMs: MINUTE, retries: 3, otherwise: 'warn' },
    'shorten guard': { result: z.void(), timeoutMs: MINUTE, retries: 3, otherwise: 'warn' },
    'put back folders': { result: z.void(), timeoutMs: 24 * 60 * MINUTE, retries: 20, otherwise: 'page' },
    start: { result: started, timeoutMs: 60 * MINUTE, retries: 40, otherwise: 'page' },
    'disarm guard': { result: z.void(), timeoutMs: MINUTE, retries: 5, otherwise: 'warn' },
    release: { result: z.void(), timeoutMs: 10 * MINUTE, retries: 2, otherwise: 'warn', removes: true },
  },
  shown: [
    'claim approval',
    'preflight',
    'announce',
    'safety pre-copy',
    'countdown',
    'note running',
    'capture present definition',
    'arm guard',
    'stop',
    'safety copy',
    'record safety backup',
    'begin restore',
    'extend guard',
    'write folders',
    'follow restore',
    'shorten guard',
    'put back folders',
    'start',
    'disarm guard',
    'release',
  ],
  stopsServices: { from: 'arm guard', stop: 'stop', until: ['start'], isFollowed: () => true },
  ended: (operation) => {
    const facts = byVendorOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return restoreEnded(operation, facts.data);
    return operationFailed(operation, operation.error?.code !== 'services-still-down');
  },
});
