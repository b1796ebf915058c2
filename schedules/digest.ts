import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';

export const digest = defineSchedule({
  does: 'digest',
  summary: 'Tell people what the week was, and what the next one brings',
  async run({ orchestrator }: ScheduleContext) {
    await orchestrator.sayDigest();
    return { status: 'done' };
  },
});
