import type { Clock } from '../../src/clock.ts';
import type { VirtualTime } from './clock.ts';

/** What becomes of one effect. */
export type Fate =
  /** The process is gone: nothing of this life has any effect from here on. */
  | { readonly die: 'before' | 'half' | 'after' }
  /** It rejects; `after`: though it was done. */
  | { readonly fail: Error; readonly when?: 'before' | 'after' }
  /** It neither answers nor listens to its signal. */
  | { readonly hang: true }
  /** Something else happens right before it. */
  | { readonly meanwhile: () => void };

export interface EffectOptions {
  readonly signal?: AbortSignal | undefined;
  /** What stands there when it was not finished. Absent: it is done wholly or not at all. */
  readonly half?: (() => void) | undefined;
}

/** Everything that touches the world goes through here, one call for each part of it that can be done without the rest. */
export type Effect = <Result>(
  name: string,
  act: () => Result | Promise<Result>,
  options?: EffectOptions,
) => Promise<Result>;

export interface Life {
  readonly effect: Effect;
  readonly clock: Clock;
  readonly died: Promise<void>;
  isDead(): boolean;
  kill(): void;
  /** Every effect asked for so far. */
  readonly done: { readonly name: string; readonly hasHalf: boolean }[];
}

export type FateOf = (name: string, count: number) => Fate | undefined;

/**
 * One life of the process. Dying is not throwing: after death every call hangs for ever and no timer rings, so no catch,
 * finally or timer of this life can do anything.
 */
export function createLife(time: VirtualTime, beat: () => void, fateOf: FateOf): Life {
  let isDead = false;
  let reportDeath: () => void = () => undefined;
  const died = new Promise<void>((resolve) => {
    reportDeath = resolve;
  });
  const done: Life['done'] = [];

  function kill() {
    isDead = true;
    reportDeath();
  }

  const effect: Effect = async (name, act, { signal, half } = {}) => {
    if (isDead) return never();
    signal?.throwIfAborted();
    done.push({ name, hasHalf: half !== undefined });
    const fate = fateOf(name, done.length);
    beat();
    if (fate && 'meanwhile' in fate) fate.meanwhile();
    if (fate && 'hang' in fate) return never();
    if (fate && 'die' in fate && fate.die !== 'after') {
      if (fate.die === 'half') half?.();
      kill();
    }
    if (isDead) return never();
    signal?.throwIfAborted();
    if (fate && 'fail' in fate && fate.when !== 'after') throw fate.fail;
    const result = await orNever(act);
    if (fate && 'die' in fate) kill();
    if (isDead) return never();
    if (fate && 'fail' in fate) throw fate.fail;
    return result;
  };

  async function orNever<Result>(act: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      if (isDead) return never();
      throw error;
    }
  }

  return { effect, clock: time.clock(() => isDead), died, isDead: () => isDead, kill, done };
}

function never<Result>(): Promise<Result> {
  return new Promise(() => undefined);
}

/** Where nothing dies and nothing fails. */
export const plainEffect: Effect = async (_name, act, { signal } = {}) => {
  signal?.throwIfAborted();
  return act();
};
