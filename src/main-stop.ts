import { isAppError, PortError } from './errors.ts';

/** One promise that ends the server: a signal, idleness, or a bug. */
export function createStop() {
  let end: (why: string) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const ended = new Promise<string>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  ended.catch(() => undefined); // it may be rejected before anyone waits for it
  process.once('SIGTERM', () => end('it was told to'));
  process.once('SIGINT', () => end('it was told to'));
  const crash = (error: unknown) => {
    if (isAppError(error) && error instanceof PortError) return fail(error);
    // A bug: end at once, so that no half-known state goes on; the journal makes the next life safe.
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(70);
  };
  return { ended, end: (why: string) => end(why), crash };
}
