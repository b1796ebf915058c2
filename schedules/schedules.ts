import type { ScheduleDeclaration } from '../src/schedule/schedule.ts';
import { backup } from './backup.ts';
import type { ScheduleContext } from './context.ts';
import { digest } from './digest.ts';
import { overdue } from './overdue.ts';
import { sampleWorkloads } from './sample-workloads.ts';
import { verify } from './verify.ts';

/** Everything that happens unasked. */
export const schedules: readonly ScheduleDeclaration<ScheduleContext>[] = [
  backup,
  digest,
  overdue,
  sampleWorkloads,
  verify,
];
