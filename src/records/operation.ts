import { z } from 'zod';
import { operationId } from './ids.ts';
import { person } from './person.ts';
import { moment } from './time.ts';
import { workspaceName, workspaceSettings } from './workspace.ts';

export const operationKind = z.enum([
  ...(['backup', 'restore', 'restore-in-place', 'restore-by-vendor', 'undo', 'delete', 'verify'] as const),
  ...(['retention', 'prune', 'check'] as const),
]);
export type OperationKind = z.infer<typeof operationKind>;

/** Every way to bring a backup back into a workspace. */
export function isRestore(kind: OperationKind): boolean {
  return kind === 'restore' || kind === 'restore-in-place' || kind === 'restore-by-vendor';
}

/** An error as a record keeps it. */
export const recordedError = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
});
export type RecordedError = z.infer<typeof recordedError>;

const at = { at: moment };
const named = { at: moment, step: z.string() };

/** The journal: what happened to one operation, in order, only ever appended to. */
export const journalEvent = z.discriminatedUnion('type', [
  /** A life of the operation begins: the first, or one after a restart. */
  z.object({ type: z.literal('began'), ...at, mode: z.enum(['run', 'resume', 'unwind']) }),
  z.object({ type: z.literal('step-began'), ...named }),
  z.object({ type: z.literal('step-done'), ...named, result: z.json().optional() }),
  z.object({ type: z.literal('step-failed'), ...named, error: recordedError }),
  z.object({ type: z.literal('ensured'), ...named, result: z.json().optional() }),
  z.object({ type: z.literal('ensure-failed'), ...named, error: recordedError }),
  /** People were told that services stop at `stopsAt`. */
  z.object({ type: z.literal('announced'), ...at, stopsAt: moment }),
  /** The countdown is over: from here on nothing can be postponed. */
  z.object({ type: z.literal('counted-down'), ...at }),
  z.object({ type: z.literal('cancelled'), ...at, by: person, reason: z.string().optional() }),
  z.object({ type: z.literal('postponed'), ...at, by: person, stopsAt: moment }),
  z.object({
    type: z.literal('ended'),
    ...at,
    status: z.enum(['succeeded', 'failed', 'cancelled']),
    error: recordedError.optional(),
  }),
]);
export type JournalEvent = z.infer<typeof journalEvent>;

/** One run of a story. `settings` is its own copy of the configuration, so that recovery never needs the present one. */
export const operation = z.object({
  schema: z.literal(1),
  id: operationId,
  kind: operationKind,
  workspace: workspaceName,
  by: person,
  trigger: z.enum(['person', 'schedule']),
  /** Of which schedule, and for which of its slots: no slot is ever begun twice. */
  scheduled: z.object({ id: z.string(), slotAt: moment, windowClosesAt: moment.optional() }).optional(),
  reason: z.string().optional(),
  /** By whose votes it runs, in the order they were given; absent for what needs no approval. */
  approvedBy: z.array(z.string()).min(1).optional(),
  /** Who let it run without the votes of others, and why: its last message says so. */
  brokeGlass: z.object({ by: z.string(), reason: z.string() }).optional(),
  /** Typed by the story that reads it. */
  input: z.json(),
  settings: workspaceSettings,
  startedAt: moment,
  status: z.enum(['running', 'succeeded', 'failed', 'cancelled']),
  journal: z.array(journalEvent),
  endedAt: moment.optional(),
  error: recordedError.optional(),
  /** What the story returned. */
  outcome: z.json().optional(),
});
export type Operation = z.infer<typeof operation>;

/** How far a step is; zero-valued numbers may be absent. Bytes, files and milliseconds. */
export const progress = z.object({
  bytesDone: z.number().optional(),
  bytesTotal: z.number().optional(),
  filesDone: z.number().optional(),
  filesTotal: z.number().optional(),
  remainingMs: z.number().optional(),
  note: z.string().optional(),
});
export type Progress = z.infer<typeof progress>;

/** What is shown of a running operation; made from the record and the live progress, never stored. */
export const operationView = z.object({
  id: operationId,
  kind: operationKind,
  workspace: workspaceName,
  by: z.string(),
  approvedBy: operation.shape.approvedBy,
  reason: z.string().optional(),
  startedAt: moment,
  status: operation.shape.status,
  steps: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['waiting', 'running', 'done', 'failed']),
      beganAt: moment.optional(),
      endedAt: moment.optional(),
    }),
  ),
  progress: progress.optional(),
  /** When services are going to be stopped; absent when not announced or already stopped. */
  stopsAt: moment.optional(),
  /** Set while services are down. */
  downSince: moment.optional(),
  downtimeMs: z.number().optional(),
  endedAt: moment.optional(),
  error: recordedError.optional(),
  outcome: z.json().optional(),
});
export type OperationView = z.infer<typeof operationView>;
