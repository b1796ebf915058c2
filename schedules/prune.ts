import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';
import { workspaceOf } from './workspace-of.ts';

export const prune = defineSchedule({
  does: 'prune',
  summary: 'Give back the space in the repository of what was removed',
  async run({ orchestrator, schedule, person }: ScheduleContext) {
    const running = await orchestrator.prune(person, workspaceOf(schedule), `schedule ${schedule.name}`);
    return { status: 'launched', operationId: running.operation().id };
  },
});
