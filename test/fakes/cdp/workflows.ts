import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

export type WorkflowType = 'backup' | 'restore' | 'delete' | 'deprovision' | 'resume' | 'suspend';

export interface Stage {
  readonly name: string;
  readonly minutes: number;
  readonly log: string;
  begin?(): unknown;
  end?(): unknown;
}

/** What a workflow does, and what becomes of things when it does not end well. */
export interface WorkflowStory {
  readonly type: WorkflowType;
  /** Everything by which it can be named: the CRNs of its workspace and backup. */
  readonly resources: readonly string[];
  readonly requestId: string;
  readonly timeoutMinutes: number | undefined;
  readonly stages: readonly Stage[];
  finished(): unknown;
  failed(why: string, leaves: 'up' | 'down'): unknown;
  cancelled(): unknown;
}

/** What goes wrong with the next workflow of a type, in the named stage or in its last but one. */
export type WorkflowFault =
  /** `leaves`: how services stand afterwards. */
  | { readonly kind: 'fail'; readonly at?: string; readonly leaves?: 'up' | 'down'; readonly why?: string }
  /** Goes on no more; `endedBy` is what it still minds: both unless told, `[]` for nothing at all. */
  | { readonly kind: 'hang'; readonly at?: string; readonly endedBy?: readonly ('cancel' | 'time-out')[] };

export interface Workflow extends WorkflowStory {
  readonly id: string;
  readonly index: number;
  status: 'RUNNING' | 'CANCEL_REQUESTED' | 'COMPLETED' | 'FAILED' | 'CANCELED' | 'TIMED_OUT';
  stage: string;
  /** Resolves at its end, however that is. */
  readonly ended: Promise<void>;
}

/** A workflow that is to wait in a stage until it is let go. */
export interface Hold {
  /** Resolves when a workflow has come there. */
  readonly reached: Promise<void>;
  release(): void;
}

export interface Workflows {
  readonly all: readonly Workflow[];
  begin(story: WorkflowStory): Workflow;
  running(resource: string, type?: WorkflowType): Workflow[];
  cancel(workflow: Workflow): void;
  next(type: WorkflowType, fault: WorkflowFault): void;
  hold(type: WorkflowType, stage: string): Hold;
  /** Whatever runs has no more effect. */
  close(): void;
}

interface Held {
  readonly type: WorkflowType;
  readonly stage: string;
  readonly released: Promise<void>;
  reach(): void;
}

/** Runs one workflow's stages; one is handed what is planned against it. */
interface Run {
  readonly workflow: Workflow;
  readonly fault: WorkflowFault | undefined;
  readonly holds: readonly Held[];
  readonly minuteMs: number;
  /** Ends waiting; its reason is `cancel`, `time-out` or `close`. */
  readonly interrupt: AbortSignal;
  readonly closing: AbortSignal;
  log(line: string): void;
}

class Ended extends Error {
  readonly by: string;

  constructor(by: string) {
    super(by);
    this.by = by;
  }
}

export function createWorkflows(minuteMs: number, log: (requestId: string, line: string) => void): Workflows {
  const all: Workflow[] = [];
  const faults: { readonly type: WorkflowType; readonly fault: WorkflowFault }[] = [];
  const holds: Held[] = [];
  const runs = new Map<Workflow, { readonly interrupt: AbortController; readonly fault: WorkflowFault | undefined }>();
  const closing = new AbortController();
  function interruptBy(what: 'cancel' | 'time-out', workflow: Workflow): void {
    const { fault, interrupt } = runs.get(workflow) ?? {};
    const isDeaf = fault?.kind === 'hang' && !(fault.endedBy ?? [what]).includes(what);
    if (!isDeaf) interrupt?.abort(what);
  }
  return {
    all,
    begin(story) {
      const { promise: ended, resolve } = withResolvers();
      const workflow: Workflow = {
        ...story,
        ...{ id: randomUUID(), index: all.length + 1, status: 'RUNNING', stage: '', ended },
      };
      const at = faults.findIndex(({ type }) => type === story.type);
      const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
      const interrupt = new AbortController();
      runs.set(workflow, { interrupt, fault });
      all.push(workflow);
      const signals = { interrupt: interrupt.signal, closing: closing.signal };
      const own = { workflow, fault, holds, minuteMs, ...signals, log: (line: string) => log(story.requestId, line) };
      const timer = setTimeout(() => interruptBy('time-out', workflow), (story.timeoutMinutes ?? 10_000) * minuteMs);
      void runToItsEnd(own).finally(() => {
        clearTimeout(timer);
        resolve();
      });
      return workflow;
    },
    running: (resource, type) =>
      all.filter(
        (one) =>
          ['RUNNING', 'CANCEL_REQUESTED'].includes(one.status) &&
          one.resources.includes(resource) &&
          (type === undefined || one.type === type),
      ),
    cancel(workflow) {
      if (workflow.status === 'RUNNING') workflow.status = 'CANCEL_REQUESTED';
      interruptBy('cancel', workflow);
    },
    next: (type, fault) => void faults.push({ type, fault }),
    hold(type, stage) {
      const reached = withResolvers();
      const released = withResolvers();
      holds.push({ type, stage, released: released.promise, reach: reached.resolve });
      return { reached: reached.promise, release: released.resolve };
    },
    close: () => closing.abort('close'),
  };
}

async function runToItsEnd(run: Run): Promise<void> {
  const { workflow, fault } = run;
  try {
    for (const stage of workflow.stages) await passStage(run, stage);
    await workflow.finished();
    workflow.status = 'COMPLETED';
    run.log(`${workflow.type} finished`);
  } catch (error) {
    if (!(error instanceof Ended)) throw error; // a bug of the double
    if (error.by === 'close') return;
    run.log(`${workflow.type} ended: ${error.by}`);
    const isCancel = error.by === 'cancel';
    await (isCancel ? workflow.cancelled() : workflow.failed(error.by, leavesOf(fault)));
    workflow.status = isCancel ? 'CANCELED' : error.by === 'time-out' ? 'TIMED_OUT' : 'FAILED';
  }
}

const leavesOf = (fault: WorkflowFault | undefined) => (fault?.kind === 'fail' ? (fault.leaves ?? 'up') : 'up');

async function passStage(run: Run, stage: Stage): Promise<void> {
  const { workflow, fault, closing, interrupt } = run;
  workflow.stage = stage.name;
  run.log(stage.log);
  await stage.begin?.();
  const isHere = stage.name === (fault?.at ?? workflow.stages.at(-2)?.name);
  if (isHere && fault?.kind === 'hang') await hang(run);
  await rest(run, stage.minutes);
  for (const held of run.holds) {
    if (held.type !== workflow.type || held.stage !== stage.name) continue;
    held.reach();
    await Promise.race([held.released, aborted(interrupt), aborted(closing)]);
  }
  if (closing.aborted) throw new Ended('close');
  if (interrupt.aborted) throw new Ended(interrupt.reason);
  if (isHere && fault?.kind === 'fail') throw new Ended(fault.why ?? `a job of the stage "${stage.name}" failed`);
  await stage.end?.();
}

async function rest({ interrupt, closing, minuteMs }: Run, minutes: number): Promise<void> {
  await wait(minutes * minuteMs, undefined, { signal: AbortSignal.any([interrupt, closing]) }).catch(() => {
    // whoever asked for the wait looks at both signals after it
  });
}

async function hang({ interrupt, closing }: Run): Promise<never> {
  await Promise.race([aborted(interrupt), aborted(closing)]);
  throw new Ended(closing.aborted ? 'close' : interrupt.reason);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function withResolvers(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
