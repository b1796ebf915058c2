import { defineSchedule } from '../src/schedule/schedule.ts';
import { longestGapMs } from '../src/schedule/slots.ts';
import { timingOf } from '../src/schedule/timing.ts';
import type { ScheduleContext } from './context.ts';
import { workspaceOf } from './workspace-of.ts';

const REREAD_WITHIN_MS = 30 * 86_400_000;

export const check = defineSchedule({
  does: 'check',
  summary: 'Compare the catalog with the repository, and read a share of the repository again',
  async run({ orchestrator, schedule, slotAt, person }: ScheduleContext) {
    const workspace = workspaceOf(schedule);
    const { rereadWithin: withinMs = REREAD_WITHIN_MS } = schedule.settings;
    const { expression, zone } = timingOf(schedule.settings);
    const pace = { withinMs, everyMs: longestGapMs(expression, zone, slotAt) ?? withinMs };
    await orchestrator.reportCatalog(workspace);
    const reason = `schedule ${schedule.name}`;
    const running = await orchestrator.checkRepository(person, workspace, { pace, reason });
    return { status: 'launched', operationId: running.operation().id };
  },
});
