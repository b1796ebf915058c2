import { z } from 'zod';
import { operationFailed } from '../chat/messages/operation-ended.ts';
import { repositoryChecked, repositoryPruned } from '../chat/messages/repository-kept.ts';
import { defineStory } from '../operation/operation.ts';

const MINUTE = 60_000;
/** Ends what runs near the data, if anything is left of it: nobody would follow it. */
const release = { result: z.void(), timeoutMs: 10 * MINUTE, retries: 2, otherwise: 'warn' } as const;

export const pruned = z.object({ freedBytes: z.number(), leftBytes: z.number() });
export type PruneOutcome = z.infer<typeof pruned>;

export const pruneStory = defineStory({
  kind: 'prune',
  steps: {
    preflight: { result: z.void(), timeoutMs: 30 * MINUTE, retries: 2 },
    prune: { result: pruned, retries: 2 },
    check: { result: z.void(), retries: 2 },
  },
  ensures: { release },
  shown: ['preflight', 'prune', 'check', 'release'],
  ended: (operation) => {
    const facts = pruned.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return repositoryPruned(operation, facts.data);
    return operationFailed(operation);
  },
});

export const checkOutcome = z.object({
  /** Slices read by this operation; `done` of `of` in this round, which began at `beganAt`. */
  slices: z.number(),
  of: z.number(),
  done: z.number(),
  beganAt: z.string(),
});
export type CheckOutcome = z.infer<typeof checkOutcome>;

const rereadPlan = z.object({ of: z.number(), beganAt: z.string(), from: z.number(), to: z.number() });
const damage = z.object({ backups: z.array(z.string()), problems: z.array(z.string()), isNew: z.boolean() });

export const checkStory = defineStory({
  kind: 'check',
  steps: {
    plan: { result: rereadPlan, timeoutMs: MINUTE, retries: 2 },
    'read again': { result: z.object({ slices: z.number() }), retries: 2 },
    judge: { result: damage.optional(), timeoutMs: 10 * MINUTE, retries: 2 },
  },
  ensures: {
    'call people': { result: z.void(), timeoutMs: MINUTE, retries: 5, otherwise: 'warn' },
    release,
  },
  shown: ['plan', 'read again', 'judge', 'release'],
  ended: (operation) => {
    const facts = checkOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return repositoryChecked(operation, facts.data);
    return operationFailed(operation);
  },
});
