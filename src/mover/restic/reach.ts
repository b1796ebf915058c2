import { PortError } from '../../errors.ts';
import type { MoveOptions } from '../mover.ts';
import { withoutLogin } from './failure.ts';
import { callRestic, type ResticContext } from './restic.ts';

const ANSWERS_WITHIN_MS = 30_000;
/** What `timeout` ends with when the time is over; source: timeout(1). */
const TIMED_OUT = 124;

const HINT =
  'From this server it opens. Do network policies, routes and DNS let movers through, and does its location mean the same there?';

/**
 * Opens the repository from where data would be read; takes no lock, so nobody is kept out. Its time is counted from when
 * restic begins, since a node may have to fetch the image first: some networks drop what they do not let through without a
 * word, and restic tries a refused connection for 15 minutes.
 */
export async function reach(
  context: ResticContext,
  options: MoveOptions,
  withinMs: number = ANSWERS_WITHIN_MS,
): Promise<void> {
  const args = ['cat', 'config', '--json', '--no-lock'];
  const around = { call: `call() { timeout -k 5 ${withinMs / 1_000} "$restic" "$@"; }` };
  const call = { args, options, nearData: true, graceMs: 5_000, around, accept: [0, TIMED_OUT] };
  const { exitCode, stderr } = await callRestic(context, call).catch((error: unknown) => {
    throw isAboutRestic(error) ? seenFromThere(error) : error;
  });
  if (exitCode !== TIMED_OUT) return;
  const where = withoutLogin(context.settings.location);
  throw new PortError(
    'mover-unavailable',
    `Where movers run, the repository did not answer within ${withinMs / 1_000} s (${where})`,
    { cause: new Error(whyTriedAgain(stderr)), retryable: true, hint: HINT },
  );
}

/** What it says last is only that it was told to end. */
function whyTriedAgain(stderr: readonly string[]): string {
  const reasons = stderr.flatMap((line) => /returned error, retrying after [^:]*: (.*)/.exec(line)?.[1] ?? []);
  return reasons.at(-1) ?? 'restic said nothing';
}

/** Not that the program could not run there. */
function isAboutRestic(error: unknown): error is PortError {
  return error instanceof PortError && error.code !== 'platform-unavailable' && error.code !== 'mover-missing';
}

function seenFromThere({ code, message, retryable, cause }: PortError): PortError {
  const sentence = `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  return new PortError(code, `Where movers run, ${sentence}`, { cause, retryable, hint: HINT });
}
