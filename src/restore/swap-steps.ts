import { z } from 'zod';
import type { StoryDeclaration } from '../operation/operation.ts';
import { moment } from '../records/time.ts';
import { definitionFile, quiet, runningNote, started } from '../workspace/platform.ts';

const MINUTE = 60_000;

/** The steps of every story that swaps data in: a restore and an undo. */
export const swapSteps = {
  'capture present definition': { result: definitionFile, timeoutMs: 5 * MINUTE, retries: 2 },
  announce: { result: z.void(), timeoutMs: 5 * MINUTE, retries: 2, againUntil: 'arm guard' },
  countdown: { result: z.void(), againUntil: 'arm guard' },
  'note running': { result: runningNote, timeoutMs: MINUTE },
  // On a fresh node its image is pulled first.
  'arm guard': { result: z.void(), timeoutMs: 5 * MINUTE },
  stop: { result: quiet },
  commit: { result: z.void(), timeoutMs: 10 * MINUTE, final: true },
  'apply definition': { result: z.void(), timeoutMs: 5 * MINUTE, retries: 1 },
  'start restored': { result: started, timeoutMs: 10 * MINUTE, retries: 1 },
} as const;

export const swapEnsures = {
  'see what serves': { result: z.boolean(), timeoutMs: MINUTE, retries: 20, otherwise: 'page' },
  'put back': { result: z.void(), timeoutMs: 10 * MINUTE, retries: 20, otherwise: 'page' },
  'start again': { result: started, timeoutMs: 10 * MINUTE, retries: 40, otherwise: 'page' },
  'keep displaced': { result: z.array(z.string()), timeoutMs: MINUTE, retries: 3, otherwise: 'warn' },
  'disarm guard': { result: z.void(), timeoutMs: MINUTE, retries: 5, otherwise: 'warn' },
  release: { result: z.void(), timeoutMs: 10 * MINUTE, retries: 2, otherwise: 'warn', removes: true },
} as const;

export const swapShown = [
  'announce',
  'countdown',
  'note running',
  'capture present definition',
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
] as const;

export const swapStopsServices = { from: 'arm guard', stop: 'stop', until: ['start restored', 'start again'] } as const;

export type SwapStory = StoryDeclaration<typeof swapSteps, typeof swapEnsures>;

/** What every swap comes to. */
export const swapOutcome = {
  backupId: z.string(),
  requestId: z.string(),
  files: z.number(),
  bytes: z.number(),
  downtimeMs: z.number(),
  displaced: z.array(z.string()),
  displacedUntil: moment,
  warnings: z.array(z.string()),
};
