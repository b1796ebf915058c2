import { z } from 'zod';
import type { Operation, OperationView, Progress } from '../records/operation.ts';
import { moment } from '../records/time.ts';
import { announcedStop, hasBegun } from './journal.ts';
import type { StoryDeclaration } from './operation.ts';

type StepView = OperationView['steps'][number];

function viewStep(name: string, operation: Operation): StepView {
  let view: StepView = { name, state: 'waiting' };
  for (const event of operation.journal) {
    if (!('step' in event) || event.step !== name) continue;
    if (event.type === 'step-began') view = { name, state: 'running', beganAt: event.at };
    else if (event.type === 'step-done' || event.type === 'ensured')
      view = { ...view, state: 'done', endedAt: event.at };
    else view = { ...view, state: 'failed', endedAt: event.at };
  }
  return view;
}

const stopped = z.object({ stoppedAt: moment });
const ready = z.object({ readyAt: moment });

/**
 * Since when services are down or, if they are up again, how long they were, in milliseconds. The platform's own account
 * counts; what it did not live to say is taken from the journal.
 */
export function downtimeOf(
  declaration: StoryDeclaration,
  { journal }: Operation,
): { downSince?: string; downtimeMs?: number } {
  if (!declaration.stopsServices) return {};
  const { stop, until } = declaration.stopsServices;
  const began = journal.find((event) => event.type === 'step-began' && event.step === stop);
  if (!began) return {};
  const done = journal.find((event) => event.type === 'step-done' && event.step === stop);
  const since = stopped.safeParse(done && 'result' in done ? done.result : undefined).data?.stoppedAt ?? began.at;
  const back = journal.findLast(
    (event) => (event.type === 'ensured' || event.type === 'step-done') && until.includes(event.step),
  );
  if (!back) return { downSince: since };
  const readyAt = ready.safeParse('result' in back ? back.result : undefined).data?.readyAt ?? back.at;
  return { downtimeMs: Math.max(0, Date.parse(readyAt) - Date.parse(since)) };
}

/** What is shown of an operation: a pure function of its record and the live progress. */
export function viewOperation(
  declaration: StoryDeclaration,
  operation: Operation,
  live: { readonly progress?: Progress | undefined } = {},
): OperationView {
  const stopsAt = announcedStop(operation.journal);
  const from = declaration.stopsServices?.from;
  const stopping = from !== undefined && hasBegun(operation.journal, from);
  return {
    id: operation.id,
    kind: operation.kind,
    workspace: operation.workspace,
    by: operation.by.name,
    ...(operation.approvedBy === undefined ? {} : { approvedBy: operation.approvedBy }),
    ...(operation.reason === undefined ? {} : { reason: operation.reason }),
    startedAt: operation.startedAt,
    status: operation.status,
    steps: declaration.shown.map((name) => viewStep(name, operation)),
    ...(live.progress ? { progress: live.progress } : {}),
    ...(stopsAt && !stopping && operation.status === 'running' ? { stopsAt: stopsAt.toISOString() } : {}),
    ...downtimeOf(declaration, operation),
    ...(operation.endedAt === undefined ? {} : { endedAt: operation.endedAt }),
    ...(operation.error === undefined ? {} : { error: operation.error }),
    ...(operation.outcome === undefined ? {} : { outcome: operation.outcome }),
  };
}
