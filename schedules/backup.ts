import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';

export const backup = defineSchedule({
  does: 'backup',
  summary: 'Back up the workspace in its off-peak hours',
  mayBeginAgain: true,
  run: ({ orchestrator, schedule, slotAt, person }: ScheduleContext) =>
    orchestrator.backUpAsScheduled(person, schedule, slotAt),
});
