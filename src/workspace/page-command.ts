import { execa } from 'execa';
import { explain } from '../errors.ts';
import type { Log } from '../log.ts';
import { programEnvironment } from './program-environment.ts';

const TELL_MS = 30_000;

/** Hands a sentence to the configured command; true when it took it. Never rejects: a guard has other work to do. */
export async function runPageCommand(
  command: readonly string[] | undefined,
  sentence: string,
  isUrgent: boolean,
  log: Log,
): Promise<boolean> {
  const [program, ...args] = command ?? [];
  if (program === undefined) return false;
  const told = await execa(program, args, {
    input: `${sentence}\n`,
    reject: false,
    timeout: TELL_MS,
    extendEnv: false,
    env: { ...programEnvironment(), ...(isUrgent ? { CML_URGENT: '1', CML_TONE: 'page' } : { CML_TONE: 'good' }) },
  });
  if (told.exitCode === 0) return true;
  log.error({ why: explain(told.cause), command: program }, 'the page command failed');
  return false;
}
