import type { ScheduleDeclaration } from '../src/schedule/schedule.ts';
import { backup } from './backup.ts';
import { check } from './check.ts';
import type { ScheduleContext } from './context.ts';
import { digest } from './digest.ts';
import { overdue } from './overdue.ts';
import { prune } from './prune.ts';
import { retention } from './retention.ts';
import { sampleWorkloads } from './sample-workloads.ts';
import { verify } from './verify.ts';

/** Everything that happens unasked. */
export const schedules: readonly ScheduleDeclaration<ScheduleContext>[] = [
  ...[backup, verify, retention, prune, check],
  ...[digest, overdue, sampleWorkloads],
];
