import type { RunProgram } from '../../program.ts';

/** Each restic takes about 100 MB (mover-perf.md), and the service is given 1 GiB by `deploy/`. */
const AT_ONCE = 4;

/**
 * Lets few programs run at once where we are, the others wait their turn: a night has hundreds of workspaces, and a restic
 * for each would take more memory than the service has. Nothing that services wait for runs here.
 */
export function fewAtOnce(run: RunProgram, atOnce = AT_ONCE): RunProgram {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (running < atOnce) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      waiting.push(begin);
    });
  }

  return async (program, options) => {
    await turn(options.signal);
    try {
      return await run(program, options);
    } finally {
      // The turn is handed on, not given back: who came later must not take it.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
