import { defineSchedule } from '../src/schedule/schedule.ts';
import type { ScheduleContext } from './context.ts';
import { workspaceOf } from './workspace-of.ts';

export const backup = defineSchedule({
  does: 'backup',
  summary: 'Back up the workspace in its off-peak hours',
  async run({ orchestrator, schedule, person }: ScheduleContext) {
    const { notice, timeout, capture } = schedule.settings;
    const running = await orchestrator.requestBackup(person, {
      workspace: workspaceOf(schedule),
      noticeMs: notice,
      timeoutMs: timeout,
      capture,
    });
    return { status: 'launched', operationId: running.operation().id };
  },
});
