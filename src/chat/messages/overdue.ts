import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { writeMoment } from './words.ts';

export interface OverdueFacts {
  readonly workspace: string;
  /** How old its newest backup may be, in milliseconds. */
  readonly rpoMs: number;
  readonly dueAt: string;
  /** The cut of its newest completed backup. */
  readonly lastTakenAt?: string | undefined;
  /** When this was said last; one day's message replaces no other. */
  readonly saidAt?: string | undefined;
}

/** A workspace whose newest backup is too old. */
export function backupOverdue({ workspace, rpoMs, dueAt, lastTakenAt, saidAt }: OverdueFacts): Message {
  const last = lastTakenAt === undefined ? 'there is none' : `the last one was taken at ${writeMoment(lastTakenAt)}`;
  return {
    key: `overdue:${workspace}:${saidAt ?? dueAt}`,
    workspace,
    tone: 'bad',
    text: `${workspace}: its backup is OVERDUE since ${writeMoment(dueAt)}: ${last}, and one is due every ${writeDuration(rpoMs)}. Look at why: cml status ${workspace}`,
    actions: [{ word: 'status', given: { subject: workspace }, label: 'Show how it stands' }],
  };
}

/** What was overdue is not any more. `because`: a sentence. */
export function overdueOver(workspace: string, since: string, because: string): Message {
  return {
    key: `overdue:${workspace}:${since}:over`,
    workspace,
    tone: 'good',
    text: `${workspace}: its backup is not overdue any more. ${because}`,
  };
}
