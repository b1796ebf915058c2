import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';
import { workspaceOf } from './workspace-of.ts';

export const retention = defineSchedule({
  does: 'retention',
  summary: 'Remove the backups that no rule keeps',
  async run({ orchestrator, schedule, person }: ScheduleContext) {
    const running = await orchestrator.applyRetention(person, workspaceOf(schedule), `schedule ${schedule.name}`);
    return { status: 'launched', operationId: running.operation().id };
  },
});
