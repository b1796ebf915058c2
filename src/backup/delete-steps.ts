import { z } from 'zod';
import type { Message } from '../chat/chat.ts';
import { backupDeleted, operationFailed } from '../chat/messages/operation-ended.ts';
import { isDone } from '../operation/journal.ts';
import { defineStory } from '../operation/operation.ts';
import type { Operation } from '../records/operation.ts';

export const deleteOutcome = z.object({
  backupId: z.string(),
  requestId: z.string(),
  copies: z.number(),
  /** The control plane's own backup, as it called it. */
  vendor: z.string().optional(),
});
export type DeleteOutcome = z.infer<typeof deleteOutcome>;

const MINUTE = 60_000;

export const deleteStory = defineStory({
  kind: 'delete',
  steps: {
    'claim approval': { result: z.void(), timeoutMs: MINUTE, retries: 3 },
    // From here on it can only be finished: a backup that lost its manifest is none any more.
    'mark deleting': { result: z.void(), timeoutMs: MINUTE, retries: 3, final: true },
    'forget manifest': { result: z.void(), timeoutMs: 60 * MINUTE, retries: 5 },
    // Deleting data of hundreds of gigabytes takes the control plane its time.
    'delete vendor backup': { result: z.void(), timeoutMs: 24 * 60 * MINUTE, retries: 5 },
    'forget parts': { result: z.void(), timeoutMs: 60 * MINUTE, retries: 5 },
    'mark deleted': { result: z.void(), timeoutMs: MINUTE, retries: 5 },
  },
  ensures: {},
  shown: ['claim approval', 'mark deleting', 'forget manifest', 'delete vendor backup', 'forget parts', 'mark deleted'],
  ended: (operation) => {
    const facts = deleteOutcome.safeParse(operation.outcome);
    if (operation.status === 'succeeded' && facts.success) return backupDeleted(operation, facts.data);
    return deletionFailed(operation);
  },
});

const asked = z.object({ plan: z.object({ backupId: z.string() }) });

/** Half a deletion cannot be taken back, only finished. */
function deletionFailed(operation: Operation): Message {
  const message = operationFailed(operation);
  const input = asked.safeParse(operation.input);
  if (!input.success || !isDone(operation.journal, 'mark deleting')) return message;
  const { backupId } = input.data.plan;
  const finish = `${backupId} cannot be restored any more. Ask again to finish it: cml delete ${backupId}`;
  return { ...message, details: [...(message.details ?? []), finish] };
}
