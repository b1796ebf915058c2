import { PortError, UserError } from '../errors.ts';

/** Somebody reads from a repository. */
export interface Reading {
  /** Aborted with an `AppError` when they went away, or nothing moved for too long. */
  readonly signal: AbortSignal;
  /** Something was read, or taken: the patience begins anew. */
  goesOn(): void;
  /** May be repeated. */
  end(): void;
}

export interface Readers {
  /** @throws UserError `too-often` while too many read. */
  begin(leave?: AbortSignal): Reading;
}

/** Each is a program that takes about 100 MB where services are looked after (mover-perf.md). */
const AT_ONCE = 3;
const PATIENCE_MS = 60_000;

/** Those who look into copies: few at once, and nobody who stands still. */
export function createReaders({ atOnce = AT_ONCE, patienceMs = PATIENCE_MS } = {}): Readers {
  let reading = 0;
  return {
    begin(leave) {
      if (reading >= atOnce) {
        throw new UserError('too-often', `${atOnce} people look into backups at this moment.`, {
          hint: 'Say it again when one of them has finished.',
        });
      }
      reading += 1;
      const stop = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      let isOver = false;
      const goesOn = () => {
        clearTimeout(timer);
        if (!isOver) timer = setTimeout(() => giveUp(tooSlow(patienceMs)), patienceMs);
      };
      const left = () => giveUp(new PortError('mover-unavailable', 'Whoever read it went away.'));
      const end = () => {
        clearTimeout(timer);
        leave?.removeEventListener('abort', left);
        if (!isOver) reading -= 1;
        isOver = true;
      };
      const giveUp = (reason: PortError) => {
        stop.abort(reason);
        end();
      };
      leave?.addEventListener('abort', left, { once: true });
      goesOn();
      if (leave?.aborted) left();
      return { signal: stop.signal, goesOn, end };
    },
  };
}

function tooSlow(patienceMs: number): PortError {
  return new PortError('mover-unavailable', `Nothing was read from the repository for ${patienceMs / 1_000} s.`, {
    retryable: true,
    hint: 'Is the repository slow to reach now? Try it again later.',
  });
}
