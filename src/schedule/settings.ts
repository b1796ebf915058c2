import { z } from 'zod';
import { UserError } from '../errors.ts';
import { scheduleName } from '../records/schedule-state.ts';
import { duration } from '../records/time.ts';
import { chosenCapture } from '../records/workspace.ts';
import { readBlackout } from './blackout.ts';
import { readExpression } from './expression.ts';
import { fitsNever } from './fit.ts';
import { readWindow, windowText } from './window.ts';
import { checkZone } from './zone.ts';

/** What happens unasked. Of a workspace, of all of them, and what nobody configures because it is always done. */
export const scheduleTask = z.enum([
  'backup',
  'verify',
  'retention',
  'prune',
  'check',
  'digest',
  'overdue',
  'sample-workloads',
]);
export type ScheduleTask = z.infer<typeof scheduleTask>;

/** Text that one of our readers understands; it stays text, and what is wrong with it is said where it stands. */
function readBy<T>(schema: z.ZodType<T>, read: (text: T) => unknown) {
  return schema.superRefine((text, context) => {
    const problem = problemOf(() => read(text));
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, continue: false });
  });
}

function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return [error.message, error.hint].filter(Boolean).join(' ');
    throw error;
  }
}

const text = z.string().min(1).max(200);
const zone = readBy(text, checkZone);
const when = readBy(text, readExpression);

const form = z.strictObject({
  does: scheduleTask.exclude(['digest', 'overdue', 'sample-workloads']),
  /** Cron or plain words. */
  when,
  zone,
  /** The hours it may run in. Absent: all. */
  window: readBy(windowText, readWindow).optional(),
  /** Dates on which it does not begin. */
  blackout: z.array(readBy(text, readBlackout)).default([]),
  /** How long people are warned; of backups. Absent: what the workspace's policy says. */
  notice: duration.optional(),
  capture: chosenCapture.optional(),
  timeout: duration.optional(),
  /** Begins up to this much after its slot, so that a fleet does not begin in one minute. */
  jitter: duration.default(0),
  /** What becomes of a run that would not end inside its window by the forecast from past runs. */
  tooLong: z.enum(['start', 'put-off']).default('start'),
  /** What becomes of a slot that nobody was there for. */
  misfire: z.enum(['run', 'report']).default('run'),
  /** Waits for what people run to end before services stop; of backups. */
  // biome-ignore lint/suspicious/noThenProperty: it holds a word and never a function, and reads best in cml.yaml
  workloads: z.strictObject({ waitFor: duration, then: z.enum(['stop', 'put-off']) }).optional(),
  /** All data is read again within this time; of checks. */
  rereadWithin: duration.optional(),
});

const BELONGS_TO = { notice: 'backup', capture: 'backup', workloads: 'backup', rereadWithin: 'check' } as const;

/** One schedule of a workspace. Lengths of time are read the human way and kept in ms; the rest stays text. */
export const scheduleSettings = form.superRefine((settings, context) => {
  for (const [key, does] of Object.entries(BELONGS_TO)) {
    if (!(key in settings) || settings.does === does) continue;
    context.addIssue({
      code: 'custom',
      path: [key],
      message: `is a setting of what does ${does}, not ${settings.does}`,
    });
  }
  const problem = fitsNever(settings, new Date()); // only for the next times that it shows
  if (problem) context.addIssue({ code: 'custom', path: [problem.key], message: problem.text });
});

/** What a schedule is made of, whatever it does: texts are as written, lengths of time in milliseconds. */
export interface ScheduleSettings extends Omit<z.infer<typeof form>, 'does'> {
  readonly does: ScheduleTask;
}

/** The schedules of one workspace by their names. */
export const workspaceSchedules = z.record(scheduleName, scheduleSettings);
export type WorkspaceSchedules = Readonly<Record<string, ScheduleSettings>>;

/** Also as text: cml.yaml keeps as written what stands under a name of people's own. */
const atOnce = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error: 'write a whole number' })
  .pipe(z.number().int().min(1).max(1000));

/** What holds for the schedules of all workspaces. */
export const schedulesForAll = z.strictObject({
  /** Scheduled backups that may run at once, of all workspaces. */
  atOnce: atOnce.default(4),
  /** The same for those that take snapshots of one storage class. */
  atOncePerStorageClass: z.record(z.string(), atOnce).default({}),
  digest: z.strictObject({ when, zone }).optional(),
});
export type SchedulesForAll = z.infer<typeof schedulesForAll>;

/** What is done for all workspaces, as a schedule like any other. */
export function settingsForAll(does: ScheduleTask, { when, zone }: { when: string; zone: string }): ScheduleSettings {
  return { does, when, zone, blackout: [], jitter: 0, tooLong: 'start', misfire: 'run' };
}
