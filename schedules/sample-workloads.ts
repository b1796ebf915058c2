import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';

export const sampleWorkloads = defineSchedule({
  does: 'sample-workloads',
  summary: 'Note how much people run in each workspace, so that quiet hours can be named',
  always: { when: 'hourly', zone: 'UTC' },
  async run({ orchestrator }: ScheduleContext) {
    const seen = await orchestrator.sampleWorkloads();
    return seen > 0 ? { status: 'done' } : { status: 'skipped', because: 'no workspace tells what people run in it' };
  },
});
