import { z } from 'zod';
import { backupVerified, operationFailed } from '../chat/messages/operation-ended.ts';
import { defineStory } from '../operation/operation.ts';
import { contentShare } from '../records/backup.ts';
import { stagedPart } from '../workspace/swaps.ts';

export const verifyOutcome = z.object({
  backupId: z.string(),
  files: z.number(),
  bytes: z.number(),
  /** How long bringing all files back took: what a restore would take. Absent when a crash came in between. */
  restoreMs: z.number().optional(),
  checks: z.number(),
  /** What of the content was compared; absent: all of it. */
  share: contentShare.optional(),
  /** Parts that nobody could bring back; the control plane says that it has them. */
  vendorReported: z.array(z.string()).optional(),
});
export type VerifyOutcome = z.infer<typeof verifyOutcome>;

const filled = z.object({ files: z.number(), bytes: z.number(), restoreMs: z.number().optional() });
const MINUTE = 60_000;

export const verifyStory = defineStory({
  kind: 'verify',
  steps: {
    // What a control plane says that it still has; nothing where it has no part in the backup.
    preflight: { result: z.array(z.string()).optional(), timeoutMs: 30 * MINUTE, retries: 2 },
    'make scratch': { result: z.array(stagedPart), timeoutMs: 10 * MINUTE },
    fill: { result: filled, retries: 2 },
    compare: { result: z.object({ entries: z.number(), share: contentShare.optional() }), retries: 2 },
    'check definition': { result: z.void(), timeoutMs: 10 * MINUTE, retries: 3 },
    'run checks': { result: z.number(), timeoutMs: 60 * MINUTE },
    'record verified': { result: z.void(), timeoutMs: MINUTE, retries: 3, final: true },
  },
  ensures: {
    release: { result: z.void(), timeoutMs: 60 * MINUTE, retries: 2, otherwise: 'warn', removes: true },
  },
  shown: [
    'preflight',
    'make scratch',
    'fill',
    'compare',
    'check definition',
    'run checks',
    'record verified',
    'release',
  ],
  ended: (operation) => {
    const facts = verifyOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return backupVerified(operation, facts.data);
    return operationFailed(operation);
  },
});
