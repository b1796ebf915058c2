import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';

export const overdue = defineSchedule({
  does: 'overdue',
  summary: 'Tell people whose backup is overdue',
  always: { when: 'every 10 minutes', zone: 'UTC' },
  async run({ orchestrator }: ScheduleContext) {
    const found = await orchestrator.tellOverdue();
    const named = found.map(({ workspace }) => workspace).join(', ');
    return { status: 'done', ...(named === '' ? {} : { because: `overdue: ${named}` }) };
  },
});
