import type { RetentionPlan } from '../src/backup/retention.ts';
import type { Answer } from '../src/chat/answer.ts';
import { writeCount, writeMoment } from '../src/chat/messages/words.ts';
import { asJson } from './answers.ts';

/** What the rules would do, with the reason for each backup. */
export function answerRetention({ kept, goes }: RetentionPlan, workspace: string): Answer {
  const what = goes.length === 0 ? 'none goes' : `${goes.length} ${goes.length === 1 ? 'goes' : 'go'} the next time`;
  const rows = [
    ...kept.map(({ id, takenAt, because }) => [id, writeMoment(takenAt), 'kept', because.join(', ')]),
    ...goes.toReversed().map(({ id, takenAt, because }) => [id, writeMoment(takenAt), 'GOES', because.join(', ')]),
  ];
  rows.sort(([, one = ''], [, other = '']) => (one < other ? 1 : -1));
  return {
    text: `${writeCount(kept.length + goes.length, 'backup')} of ${workspace}: ${kept.length} kept, ${what}. Nothing was done.`,
    tone: 'info',
    ...(rows.length === 0 ? {} : { table: { columns: ['Backup', 'Taken at', '', 'Because'], rows } }),
    json: asJson({ workspace, kept, goes }),
  };
}
