import { writeMoment } from '../chat/messages/words.ts';
import { mask } from '../log.ts';
import type { JournalEvent } from '../records/operation.ts';
import { findOperation } from './find.ts';
import type { Room } from './room.ts';

export interface LogLine {
  readonly at: string;
  readonly says: string;
  readonly isBad?: boolean;
}

/** Everything that an operation wrote down, oldest first; what looks like a secret is masked as in the server's own log. */
export async function readLog(room: Room, operation: string): Promise<LogLine[]> {
  const { journal } = await findOperation(room, operation);
  return journal.map((event) => ({
    at: event.at,
    says: mask(sentenceOf(event)),
    ...('error' in event && event.error ? { isBad: true } : {}),
  }));
}

const MODES = {
  run: 'began',
  resume: 'was taken up again by a server that had just started',
  unwind: 'was taken up by a server that had just started, to make things whole again',
};

function sentenceOf(event: JournalEvent): string {
  switch (event.type) {
    case 'began':
      return `It ${MODES[event.mode]}.`;
    case 'step-began':
      return `${event.step}: begins`;
    case 'step-done':
    case 'ensured':
      return `${event.step}: done`;
    case 'step-failed':
    case 'ensure-failed':
      return `${event.step}: failed: ${explained(event.error)}`;
    case 'announced':
      return `People were told that services stop at ${writeMoment(event.stopsAt)}.`;
    case 'counted-down':
      return 'The countdown is over.';
    case 'cancelled':
      return `${event.by.name} cancelled it${event.reason === undefined ? '' : `: ${event.reason}`}.`;
    case 'postponed':
      return `${event.by.name} postponed the stop to ${writeMoment(event.stopsAt)}.`;
    case 'ended':
      return `It ${event.status}${event.error ? `: ${explained(event.error)}` : '.'}`;
  }
}

function explained({ message, hint }: { readonly message: string; readonly hint?: string | undefined }): string {
  return hint === undefined ? message : `${message} ${hint}`;
}
