import { z } from 'zod';
import type { Message } from '../chat/chat.ts';
import { operationFailed } from '../chat/messages/operation-ended.ts';
import { retentionEnded } from '../chat/messages/repository-kept.ts';
import { writeCount } from '../chat/messages/words.ts';
import { readSteps } from '../operation/journal.ts';
import { defineStory } from '../operation/operation.ts';
import type { Operation } from '../records/operation.ts';

/** What goes, and what its record said before it was marked. */
export const doomed = z.object({
  id: z.string(),
  was: z.enum(['completed', 'incomplete', 'deleting']),
  because: z.array(z.string()),
});
export type Doomed = z.infer<typeof doomed>;

export const retentionOutcome = z.object({
  /** Backups that were removed. */
  removed: z.array(z.string()),
  kept: z.number(),
  copies: z.number(),
  /** That would go too and have to wait for the next time. */
  left: z.number(),
});
export type RetentionOutcome = z.infer<typeof retentionOutcome>;

const MINUTE = 60_000;

export const retentionStory = defineStory({
  kind: 'retention',
  steps: {
    plan: { result: z.object({ goes: z.array(doomed), kept: z.number(), left: z.number() }), timeoutMs: 10 * MINUTE },
    // From here on it can only be finished: a backup that lost its manifest is none any more.
    'mark deleting': { result: z.array(z.string()), timeoutMs: 10 * MINUTE, retries: 3, final: true },
    'forget manifests': { result: z.void(), timeoutMs: 60 * MINUTE, retries: 5 },
    'delete vendor backups': { result: z.void(), timeoutMs: 24 * 60 * MINUTE, retries: 5 },
    'forget parts': { result: z.number(), timeoutMs: 60 * MINUTE, retries: 5 },
    'mark deleted': { result: z.void(), timeoutMs: 10 * MINUTE, retries: 5 },
  },
  ensures: {},
  shown: ['plan', 'mark deleting', 'forget manifests', 'delete vendor backups', 'forget parts', 'mark deleted'],
  ended: (operation) => {
    const facts = retentionOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return retentionEnded(operation, facts.data);
    return retentionFailed(operation);
  },
});

/** Half a deletion cannot be taken back, only finished. */
function retentionFailed(operation: Operation): Message {
  const message = operationFailed(operation);
  const marked = readSteps(operation.journal).get('mark deleting');
  const ids = z.array(z.string()).safeParse(marked && 'result' in marked ? marked.result : []).data ?? [];
  if (ids.length === 0) return message;
  const finish = `${writeCount(ids.length, 'backup')} cannot be restored any more; the next retention finishes what was begun: ${ids.join(', ')}`;
  return { ...message, details: [...(message.details ?? []), finish] };
}
