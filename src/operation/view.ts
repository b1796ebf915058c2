import type { Operation, OperationView, Progress } from '../records/operation.ts';
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

/** When services began to stop and, if they are up again, how long they were down, in milliseconds. */
export function downtimeOf(
  declaration: StoryDeclaration,
  operation: Operation,
): { downSince?: string; downtimeMs?: number } {
  const { stop, until } = declaration.stopsServices;
  const down = operation.journal.find((event) => event.type === 'step-began' && event.step === stop);
  if (!down) return {};
  const back = operation.journal.findLast(
    (event) => (event.type === 'ensured' || event.type === 'step-done') && until.includes(event.step),
  );
  if (!back) return { downSince: down.at };
  return { downtimeMs: Math.max(0, Date.parse(back.at) - Date.parse(down.at)) };
}

/** What is shown of an operation: a pure function of its record and the live progress. */
export function viewOperation(
  declaration: StoryDeclaration,
  operation: Operation,
  live: { readonly progress?: Progress | undefined } = {},
): OperationView {
  const stopsAt = announcedStop(operation.journal);
  const stopping = hasBegun(operation.journal, declaration.stopsServices.from);
  return {
    id: operation.id,
    kind: operation.kind,
    workspace: operation.workspace,
    by: operation.by.name,
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
