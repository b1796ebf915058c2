import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';
import { workspaceOf } from './workspace-of.ts';

export const verify = defineSchedule({
  does: 'verify',
  summary: 'Bring the newest backup back into a scratch place and compare it',
  async run({ orchestrator, schedule, person }: ScheduleContext) {
    const reason = `schedule ${schedule.name}`;
    const running = await orchestrator.verifyNewest(person, workspaceOf(schedule), reason);
    return { status: 'launched', operationId: running.operation().id };
  },
});
