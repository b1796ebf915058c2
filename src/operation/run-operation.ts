import { AppError, OperationError, ServicesDownError, UserError } from '../errors.ts';
import type { Operation, OperationView } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import { type Finished, finishOperation } from './finish-operation.ts';
import { createJournal, hasBegun, isCountingDown, isDone, type Journal } from './journal.ts';
import type { Story, StoryDeclaration } from './operation.ts';
import type { RunnerWorld } from './runner-world.ts';
import { createStory } from './story.ts';
import type { StoryControl } from './story-control.ts';
import { viewOperation } from './view.ts';

export interface RunningOperation {
  operation(): Operation;
  view(): OperationView;
  /** Its end stands on record: it holds its workspace no longer, although people may still have to be told. */
  isOver(): boolean;
  /** Resolves with the ended operation, after its end was posted and, if there was room, written. Rejects only on a bug. */
  readonly ended: Promise<Operation>;
  /** Resolves after `ended`, when it is over or has to be taken up again; as late as the disk has room for that record. */
  readonly closed: Finished['closed'];
  /** @throws UserError `too-late` once it cannot be undone by stopping. */
  cancel(by: Person, reason?: string): Promise<void>;
  /** @throws UserError `too-late` when nothing is announced or services are being stopped already. */
  postpone(by: Person, stopsAt: Date): Promise<void>;
  /** Lets it go on, but not stop services any more: this process is about to end. */
  hold(): void;
  /** Aborts what runs because this process must end; the journal brings it to its end at the next boot. */
  interrupt(): void;
}

/** `resume`: go on; `unwind`: only make things whole again, because services may be stopped on data we cannot vouch for. */
export function modeOf(declaration: StoryDeclaration, operation: Operation): 'run' | 'resume' | 'unwind' {
  const { journal } = operation;
  const lives = journal.filter((event) => event.type === 'began');
  if (lives.length === 0) return 'run';
  // Once unwinding, always unwinding: what an unwinding life skipped has no record, and must not be done by a later one.
  if (lives.some((life) => life.mode === 'unwind')) return 'unwind';
  // What steps had made was removed: nothing can be built on it any more.
  const isRemoved = Object.entries(declaration.ensures).some(([name, { removes }]) => removes && isDone(journal, name));
  if (isRemoved) return 'unwind';
  return mayHaveServicesDown(declaration, operation) && !declaration.stopsServices?.isFollowed?.(operation)
    ? 'unwind'
    : 'resume';
}

/** It may have stopped services, and has not started them again. */
export function mayHaveServicesDown({ stopsServices }: StoryDeclaration, { journal }: Operation): boolean {
  if (!stopsServices) return false;
  const { from, until } = stopsServices;
  return hasBegun(journal, from) && !until.some((name) => isDone(journal, name));
}

/** Runs, resumes or unwinds an operation, whatever its journal asks for, to its end. */
export function runOperation<Declaration extends StoryDeclaration>(
  declaration: Declaration,
  given: Operation,
  tell: (story: Story<Declaration>) => Promise<unknown>,
  world: RunnerWorld,
): RunningOperation {
  const journal = createJournal(given, world.operations);
  const abort = new AbortController();
  const mode = modeOf(declaration, given);
  let staysOpen = false;
  let isHeld = false;
  let isOver = false;
  const setOver = () => {
    isOver = true;
  };
  const control: StoryControl = {
    mode,
    abort,
    past: given.journal,
    isHeld: () => isHeld,
    isFinal: () => finalSteps(declaration).some((step) => hasBegun(journal.operation().journal, step)),
    changed: (progress) => world.chat.show(viewOperation(declaration, journal.operation(), { progress })),
    leaveOpen: () => {
      staysOpen = true;
    },
  };
  if (given.journal.some((event) => event.type === 'cancelled')) abort.abort(cancelled(given));
  const finished = live(declaration, journal, control, tell, world, { setOver, staysOpen: () => staysOpen });
  const ended = finished.then(({ operation }) => operation);
  const closed = finished.then((one) => one.closed);
  // Both reject on a bug; who waits for one of them has heard of it.
  for (const either of [ended, closed]) either.catch(() => undefined);

  return {
    operation: journal.operation,
    view: () => viewOperation(declaration, journal.operation()),
    isOver: () => isOver,
    ...{ ended, closed },
    cancel: (by, reason) => cancel(journal, control, world, by, reason),
    postpone: async (by, stopsAt) => {
      await postpone(declaration, journal, world, by, stopsAt);
      control.changed(undefined);
    },
    hold: () => {
      isHeld = true;
    },
    interrupt: () =>
      abort.abort(new OperationError('interrupted', 'The server was asked to end while this was running.')),
  };
}

async function live<Declaration extends StoryDeclaration>(
  declaration: Declaration,
  journal: Journal,
  control: StoryControl,
  tell: (story: Story<Declaration>) => Promise<unknown>,
  world: RunnerWorld,
  { setOver, staysOpen }: { readonly setOver: () => void; readonly staysOpen: () => boolean },
): Promise<Finished> {
  const alreadyEnded = journal.operation().journal.some((event) => event.type === 'ended');
  if (alreadyEnded) return finishOperation(declaration, journal, world, setOver);
  const over = new AbortController();
  let outcome: unknown;
  let failure: AppError | undefined;
  try {
    const at = world.clock.now().toISOString();
    // A later life has things to make whole; a journal that cannot be written must not keep it from that.
    if (control.mode === 'run') await journal.append({ type: 'began', at, mode: control.mode });
    else await journal.appendIfPossible({ type: 'began', at, mode: control.mode });
    watchTimeout(journal.operation(), control, world, over.signal);
    outcome = await tell(createStory(declaration, journal, control, world));
  } catch (error) {
    if (!(error instanceof AppError)) throw error; // a bug: the process ends, the journal makes that safe
    failure = orMaybeDown(declaration, journal.operation(), error);
  } finally {
    over.abort();
  }
  return finishOperation(declaration, journal, world, setOver, { outcome, failure, staysOpen: staysOpen() });
}

/** A life that never came to starting services (a record does not fit this version) must not say that they are up. */
function orMaybeDown(declaration: StoryDeclaration, operation: Operation, failure: AppError): AppError {
  const { workspace } = operation;
  if (failure instanceof ServicesDownError || !mayHaveServicesDown(declaration, operation)) return failure;
  return new ServicesDownError(`Services of ${workspace} may be down: it ended before they were started.`, {
    cause: failure,
    hint: `Look at them, then run: cml start ${workspace}`,
  });
}

function finalSteps(declaration: StoryDeclaration): string[] {
  return Object.entries(declaration.steps).flatMap(([name, policy]) => (policy.final ? [name] : []));
}

function watchTimeout(operation: Operation, control: StoryControl, world: RunnerWorld, over: AbortSignal): void {
  const { timeout } = operation.settings.policy;
  if (timeout === undefined) return;
  const left = Date.parse(operation.startedAt) + timeout - world.clock.now().getTime();
  void world.clock.sleep(Math.max(0, left), over).then(
    () => {
      if (control.isFinal()) return;
      control.abort.abort(
        new OperationError('timed-out', 'The operation took longer than its time-out allows.', {
          hint: 'Give it more time with --timeout, or look at which step took long.',
        }),
      );
    },
    () => undefined, // it ended in time
  );
}

function cancelled(operation: Operation): OperationError {
  const event = operation.journal.findLast((entry) => entry.type === 'cancelled');
  const by = event ? event.by.name : 'someone';
  return new OperationError('cancelled', `Cancelled by ${by}${event?.reason ? `: ${event.reason}` : ''}.`);
}

async function cancel(journal: Journal, control: StoryControl, world: RunnerWorld, by: Person, reason?: string) {
  const tooLate = () =>
    new UserError('too-late', 'It is too late to cancel: the result is being put in place.', {
      hint: 'Wait for the end; look with `cml status`.',
    });
  if (control.isFinal()) throw tooLate();
  const at = world.clock.now().toISOString();
  // Also when the journal cannot be written: stopping is what the person wants, and unwinding is always safe.
  await journal.appendIfPossible({ type: 'cancelled', at, by, ...(reason === undefined ? {} : { reason }) });
  if (control.isFinal()) throw tooLate(); // it became final while we wrote
  control.abort.abort(cancelled(journal.operation()));
}

async function postpone(
  declaration: StoryDeclaration,
  journal: Journal,
  world: RunnerWorld,
  by: Person,
  stopsAt: Date,
): Promise<void> {
  const refuseLate = ({ journal: events, status }: Operation) => {
    const isCancelled = events.some(({ type }) => type === 'cancelled');
    const from = declaration.stopsServices?.from;
    const isCounting = !isCancelled && isCountingDown(events) && from !== undefined && !hasBegun(events, from);
    if (status === 'running' && isCounting) return;
    throw new UserError('too-late', 'There is no countdown that could be postponed.', {
      hint: 'Services are being stopped already, or nobody was told yet; look with `cml status`.',
    });
  };
  const at = world.clock.now().toISOString();
  await journal.append({ type: 'postponed', at, by, stopsAt: stopsAt.toISOString() }, refuseLate);
}
