import type { ScheduleOutcome } from '../../records/schedule-state.ts';
import type { Message } from '../chat.ts';
import { writeMoment } from './words.ts';

/** What is told of a slot at which something else became of it than people expect. */
export function scheduleTold(
  { id, name, workspace }: { readonly id: string; readonly name: string; readonly workspace?: string },
  { slotAt, status, because = 'no reason was recorded' }: ScheduleOutcome,
): Message {
  const became = {
    missed: 'was missed',
    'put-off': 'was put off',
    skipped: 'was left out',
    failed: 'failed',
    launched: 'has begun, although it may be too long',
    done: 'is done',
  }[status];
  const whose = workspace === undefined ? '' : `${workspace}: `;
  return {
    key: `schedule:${id}:${slotAt}`,
    workspace: workspace ?? '',
    tone: status === 'failed' ? 'bad' : 'warning',
    text: `${whose}the schedule ${name} of ${writeMoment(slotAt)} ${became}: ${because.replace(/[.]$/, '')}.`,
    details: status === 'launched' ? [] : ['It runs again at its next time.'],
    ...(workspace === undefined
      ? {}
      : { actions: [{ word: 'schedule', given: { what: 'list', workspace }, label: 'See schedules' }] }),
  };
}
