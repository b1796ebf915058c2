import { z } from 'zod';
import type { Operation } from '../src/records/operation.ts';
import { type Sample, sampleOf } from './numbers.ts';

export interface StepTime {
  readonly step: string;
  readonly ms: number;
}

/** How long each step took by the journal's own times. What is ensured has no beginning there: the event before it is. */
export function stepsOf({ journal }: Operation): StepTime[] {
  const began = new Map<string, number>();
  return journal.flatMap((event, index) => {
    if (event.type === 'step-began') began.set(event.step, Date.parse(event.at));
    if (event.type !== 'step-done' && event.type !== 'step-failed' && event.type !== 'ensured') return [];
    const before = journal[index - 1];
    const from = event.type === 'ensured' ? Date.parse(before?.at ?? event.at) : began.get(event.step);
    return from === undefined ? [] : [{ step: event.step, ms: Date.parse(event.at) - from }];
  });
}

export function msOf(operation: Operation, step: string): number {
  const found = stepsOf(operation).find((one) => one.step === step);
  if (!found) throw new Error(`${operation.id} has no step "${step}"`);
  return found.ms;
}

/** Every step of several operations of one kind, in order. */
export function sampleSteps(operations: readonly Operation[]): { readonly step: string; readonly sample: Sample }[] {
  const [first] = operations;
  return (first ? stepsOf(first) : []).map(({ step }) => ({
    step,
    sample: sampleOf(operations.map((operation) => msOf(operation, step))),
  }));
}

const withDelta = z.looseObject({ delta: z.looseObject({ tookMs: z.number() }) });

/** Of the step "cut" what the copy took; the rest of it proves that nobody writes and decides whether to walk first. */
export function deltaMsOf({ id, journal }: Operation): number {
  const cut = journal.find((event) => event.type === 'step-done' && event.step === 'cut');
  const known = withDelta.safeParse(cut && 'result' in cut ? cut.result : undefined);
  if (!known.success) throw new Error(`${id} does not say how long its delta took`);
  return known.data.delta.tookMs;
}

const withDowntime = z.looseObject({ downtimeMs: z.number() });

/** From the first service told to stop to the last one ready again, as the operation itself says. */
export function downtimeOf({ outcome }: Operation): number {
  return withDowntime.parse(outcome).downtimeMs;
}

export function totalOf({ startedAt, endedAt }: Operation): number {
  return Date.parse(endedAt ?? startedAt) - Date.parse(startedAt);
}

const withBackup = z.looseObject({ backupId: z.string() });

export function backupOf({ outcome }: Operation): string {
  return withBackup.parse(outcome).backupId;
}
