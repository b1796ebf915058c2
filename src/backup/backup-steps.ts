import { z } from 'zod';
import { backupEnded, operationFailed } from '../chat/messages/operation-ended.ts';
import { readSteps } from '../operation/journal.ts';
import { defineStory } from '../operation/operation.ts';
import { counted } from '../records/counted.ts';
import type { Operation } from '../records/operation.ts';
import { keptBackup, unreadablePath } from '../records/part.ts';
import { backupPlan } from '../records/plan.ts';
import { moment } from '../records/time.ts';
import { definitionFile, quiet, runningNote, started } from '../workspace/platform.ts';
import { snapshot } from '../workspace/snapshot.ts';

/** What the story returns: enough for the last message and for the command line. */
export const backupOutcome = z.object({
  backupId: z.string(),
  status: z.enum(['completed', 'incomplete']),
  files: z.number(),
  bytes: z.number(),
  addedBytes: z.number(),
  downtimeMs: z.number(),
  /** Parts that were copied while services were up. */
  notConsistent: z.array(z.string()).optional(),
  /** Parts whose programs had to be killed before the cut. */
  crashConsistent: z.array(z.string()).optional(),
  /** Parts of which nobody can prove that services wrote nothing while they were taken. */
  approximate: z.array(z.string()).optional(),
  /** Parts that the control plane keeps, of which only its word is known. */
  vendorReported: z.array(z.string()).optional(),
  /** The newest backup of the workspace that was brought back and found whole, before this one; null: there is none. */
  lastVerified: z.object({ backupId: z.string(), at: moment }).nullable().optional(),
  warnings: z.array(z.string()),
});
export type BackupOutcome = z.infer<typeof backupOutcome>;

/** One copy made by this operation, as the mover reported it. */
export const madeCopy = z.object({
  id: z.string(),
  takenAt: moment,
  files: z.number(),
  bytes: z.number(),
  addedBytes: z.number(),
  unreadable: z.array(z.string()),
  /** Of a first pass; see the mover. */
  unmarked: z.boolean().optional(),
  /** From asking for it to having it; of a step that does more than copy, this is the copy's share. */
  tookMs: z.number().optional(),
});
export type MadeCopy = z.infer<typeof madeCopy>;

export const cut = z.object({
  takenAt: moment,
  quiet,
  /** Absent when no part is copied while services are down. */
  delta: madeCopy.optional(),
  /** Why nobody can prove that nothing was written to what `delta` holds while it was copied. */
  approximate: z.string().optional(),
  snapshots: z.array(snapshot),
});
export type Cut = z.infer<typeof cut>;

/** Where each part ended up: which copy, under which path, and what the copy's own tree counts there. */
export const securedPart = z.object({
  name: z.string(),
  copyId: z.string().optional(),
  pathInCopy: z.string().optional(),
  /** Instead of a copy. */
  kept: keptBackup.optional(),
  approximate: z.string().optional(),
  takenAt: moment,
  files: z.number(),
  directories: z.number(),
  bytes: z.number(),
  unreadable: z.array(unreadablePath),
});
export type SecuredPart = z.infer<typeof securedPart>;

const MINUTE = 60_000;

/** The plan on record says that services come up again without us. */
function isCutWhole({ journal }: Operation): boolean {
  const planned = readSteps(journal).get('preflight');
  if (!planned || 'error' in planned) return false;
  const plan = backupPlan.safeParse(planned.result);
  return plan.success && plan.data.cut === 'whole';
}

export const backupStory = defineStory({
  kind: 'backup',
  steps: {
    preflight: { result: backupPlan, timeoutMs: 60 * MINUTE, retries: 2 },
    'capture definition': { result: definitionFile, timeoutMs: 5 * MINUTE, retries: 2 },
    announce: { result: z.void(), timeoutMs: 5 * MINUTE, retries: 2, againUntil: 'arm guard' },
    'pre-copy': { result: madeCopy.optional(), retries: 2 },
    countdown: { result: z.void(), againUntil: 'arm guard' },
    // Absent in journals of earlier releases.
    'prepare cut': { result: z.array(counted).optional(), timeoutMs: 15 * MINUTE, retries: 2, againUntil: 'arm guard' },
    'note running': { result: runningNote, timeoutMs: MINUTE },
    // On a fresh node its image is pulled first.
    'arm guard': { result: z.void(), timeoutMs: 5 * MINUTE },
    stop: { result: quiet },
    cut: { result: cut },
    'copy snapshots': { result: madeCopy.optional(), retries: 3 },
    'count again': { result: z.array(counted), timeoutMs: 15 * MINUTE, retries: 2 },
    count: { result: z.array(securedPart), timeoutMs: 60 * MINUTE, retries: 3 },
    'store manifest': {
      result: z.object({ copyId: z.string(), sha256: z.string() }),
      timeoutMs: 10 * MINUTE,
      retries: 3,
    },
    prove: { result: z.void(), timeoutMs: 10 * MINUTE, retries: 3 },
    record: { result: backupOutcome, timeoutMs: MINUTE, retries: 3, final: true },
  },
  ensures: {
    start: { result: started, timeoutMs: 10 * MINUTE, retries: 40, otherwise: 'page' },
    'disarm guard': { result: z.void(), timeoutMs: MINUTE, retries: 5, otherwise: 'warn' },
    release: { result: z.void(), timeoutMs: 10 * MINUTE, retries: 2, otherwise: 'warn', removes: true },
  },
  shown: [
    'preflight',
    'capture definition',
    'announce',
    'pre-copy',
    'countdown',
    'prepare cut',
    'note running',
    'arm guard',
    'stop',
    'cut',
    'start',
    'disarm guard',
    'copy snapshots',
    'count',
    'store manifest',
    'prove',
    'record',
    'release',
  ],
  stopsServices: { from: 'arm guard', stop: 'stop', until: ['start'], isFollowed: isCutWhole },
  ended: (operation) => {
    const facts = backupOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return backupEnded(operation, facts.data);
    return operationFailed(operation, operation.error?.code !== 'services-still-down');
  },
});
