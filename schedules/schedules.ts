import type { ScheduleDeclaration } from '../src/schedule/schedule.ts';
import { backup } from './backup.ts';
import type { ScheduleContext } from './context.ts';

/** Everything that happens unasked. */
export const schedules: readonly ScheduleDeclaration<ScheduleContext>[] = [backup];
