import type { z } from 'zod';
import { AppError, OperationError, ServicesDownError } from '../errors.ts';
import { attempt, type Limits } from './attempt.ts';
import { hasBegun, type Journal, readEnsures, readSteps, recordError } from './journal.ts';
import type { EnsurePolicy, StepContext, StepOptions, StepPolicy, Story, StoryDeclaration } from './operation.ts';
import { isRetryable, retry } from './retry.ts';
import type { RunnerWorld } from './runner-world.ts';
import { contextOf } from './step-context.ts';
import type { StoryControl } from './story-control.ts';

/** Long enough for restic to give its lock back, short enough not to keep services down. */
const SETTLE_MS = 10_000;

export function createStory<Declaration extends StoryDeclaration>(
  declaration: Declaration,
  journal: Journal,
  control: StoryControl,
  world: RunnerWorld,
): Story<Declaration> {
  const steps = pastSteps(declaration, control);
  const ensures = readEnsures(control.past);
  let bug: { readonly error: unknown } | undefined;
  const { id, workspace, by, trigger, reason, scheduled, startedAt, settings } = journal.operation();
  const at = () => world.clock.now().toISOString();
  const named = {
    ...{ id, workspace, by, trigger, startedAt, settings },
    ...(reason === undefined ? {} : { reason }),
    ...(scheduled === undefined ? {} : { scheduled }),
  };

  async function step(name: string, work: (context: StepContext) => Promise<unknown>, options?: StepOptions) {
    const policy: StepPolicy = declaration.steps[name] ?? undeclared(name);
    const past = steps.get(name);
    if (past && 'error' in past) throw revive(past.error);
    if (past) return readBack(policy, name, past.result);
    if (control.mode === 'unwind') throw interrupted(name);
    if (control.isHeld() && name === declaration.stopsServices?.from) return never();
    try {
      const result = await runStep(name, policy, work, options);
      await journal.append({ type: 'step-done', step: name, at: at(), ...asJson(result) });
      control.changed();
      return result;
    } catch (error) {
      if (!(error instanceof AppError)) {
        bug = { error };
        throw error;
      }
      // Also when the step never began: a later life must come to the same end, whatever is undone from here on.
      await journal.appendIfPossible({ type: 'step-failed', step: name, at: at(), error: recordError(error) });
      control.changed();
      throw error;
    }
  }

  async function runStep(
    name: string,
    policy: StepPolicy,
    work: (context: StepContext) => Promise<unknown>,
    options?: StepOptions,
  ): Promise<unknown> {
    const wasFinal = control.isFinal();
    if (!wasFinal && control.abort.signal.aborted) throw control.abort.signal.reason;
    await journal.append({ type: 'step-began', step: name, at: at() });
    if (!wasFinal && control.abort.signal.aborted) throw control.abort.signal.reason; // cancelled while we wrote
    control.changed();
    const goesOn = control.isFinal();
    const limits = limitsOf(name, policy, options, goesOn ? undefined : control.abort.signal, world);
    return attempt(
      (signal) =>
        retry(() => work(contextOf(name, journal, control, world, signal)), {
          retries: policy.retries ?? 0,
          delays: world.delays,
          worthIt: isRetryable,
          signal,
        }),
      limits,
      world.clock,
    );
  }

  async function ensure(name: string, work: (context: StepContext) => Promise<unknown>) {
    const policy: EnsurePolicy = declaration.ensures[name] ?? undeclared(name);
    const past = ensures.get(name);
    // A result of another version's shape is no result: what is ensured may be done again.
    const known = past && policy.result.safeParse(past.result);
    if (known?.success) return known.data;
    // A bug is not recorded: the next life goes on from what the steps before it made.
    if (policy.removes && bug) throw bug.error;
    try {
      const result = await persist(name, policy, work, journal, control, world);
      await journal.appendIfPossible({ type: 'ensured', step: name, at: at(), ...asJson(result) });
      control.changed();
      return result;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (policy.removes && journal.isBehind()) control.leaveOpen();
      await journal.appendIfPossible({ type: 'ensure-failed', step: name, at: at(), error: recordError(error) });
      control.changed();
      if (policy.otherwise === 'warn') {
        world.log.warn({ operation: id, step: name, error: recordError(error) }, 'an ensured effect could not be done');
        return undefined;
      }
      throw new ServicesDownError(`Services of ${workspace} are down: "${name}" could not be done.`, {
        cause: error,
        hint: error.hint ?? `Look at the services, mend what is in the way, then run: cml start ${workspace}`,
      });
    }
  }

  return { operation: named, folder: world.folder, step, ensure } as Story<Declaration>;
}

/** Tries again far longer than a step would, for every expected error but those that more tries cannot mend. */
function persist(
  name: string,
  policy: EnsurePolicy,
  work: (context: StepContext) => Promise<unknown>,
  journal: Journal,
  control: StoryControl,
  world: RunnerWorld,
): Promise<unknown> {
  const hopeless = (error: unknown) =>
    !(error instanceof AppError) || error.code === 'unknown-data' || error.code === 'swap-failed';
  const tryOnce = async (signal: AbortSignal) => {
    if (policy.removes) await journal.catchUp();
    return work(contextOf(name, journal, control, world, signal));
  };
  return retry(
    () =>
      attempt(
        tryOnce,
        {
          timeouts: [
            { ms: policy.timeoutMs, because: () => new OperationError('timed-out', `"${name}" took too long.`) },
          ],
          settleMs: SETTLE_MS,
        },
        world.clock,
      ),
    { retries: policy.retries, delays: world.delays, worthIt: (error) => !hopeless(error) },
  );
}

function limitsOf(
  name: string,
  policy: StepPolicy,
  options: StepOptions | undefined,
  signal: AbortSignal | undefined,
  world: RunnerWorld,
): Limits {
  const timeouts: Limits['timeouts'][number][] = [];
  if (policy.timeoutMs !== undefined) {
    const because = () => new OperationError('timed-out', `"${name}" took too long.`);
    timeouts.push({ ms: policy.timeoutMs, because });
  }
  if (options?.until) {
    const ms = options.until.at.getTime() - world.clock.now().getTime();
    timeouts.push({ ms, because: options.until.because });
  }
  return { ...(signal ? { signal } : {}), timeouts, settleMs: SETTLE_MS };
}

/**
 * Steps that must be looked at again after a restart are forgotten, unless what they prepared has begun. A failure is
 * never forgotten: what it undid may be gone.
 */
function pastSteps(declaration: StoryDeclaration, control: StoryControl) {
  const steps = readSteps(control.past);
  if (control.mode !== 'resume') return steps;
  for (const [name, policy] of Object.entries(declaration.steps)) {
    const failed = 'error' in (steps.get(name) ?? {});
    if (policy.againUntil !== undefined && !failed && !hasBegun(control.past, policy.againUntil)) steps.delete(name);
  }
  return steps;
}

function readBack(policy: StepPolicy, name: string, result: unknown): unknown {
  const parsed = policy.result.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new OperationError('interrupted', `The record of "${name}" does not fit this version.`, {
    cause: parsed.error,
    hint: 'It was written by another version; ask for the operation again.',
  });
}

function revive(error: { code: string; message: string; hint?: string | undefined }): OperationError {
  const code = error.code === 'cancelled' || error.code === 'timed-out' ? error.code : 'step-failed';
  return new OperationError(code, error.message, { hint: error.hint });
}

function interrupted(name: string): OperationError {
  return new OperationError('interrupted', `The server ended before "${name}" was done.`, {
    hint: 'Everything was made whole again; ask for the operation once more.',
  });
}

function asJson(result: unknown): { result?: z.infer<ReturnType<typeof z.json>> } {
  return result === undefined ? {} : { result: JSON.parse(JSON.stringify(result)) };
}

/** Waits for the process to end. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

function undeclared(name: string): never {
  throw new Error(`"${name}" is not declared by the story`);
}
