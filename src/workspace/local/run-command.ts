import { closeSync, openSync } from 'node:fs';
import { execa } from 'execa';
import { PortError } from '../../errors.ts';
import { programEnvironment } from './program-environment.ts';

interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string | undefined;
  readonly timeoutMs: number;
  /** File to which output is added. A file and not a pipe: what a command leaves running must not hold us, nor need us. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a configured command in a session of its own, so that nothing that ends us by group ends it half-way.
 * Answers whether it ended with exit code 0.
 * @throws PortError `platform-unavailable` when it cannot be started or takes too long.
 */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<boolean> {
  const [program = '', ...args] = words;
  const output = openSync(options.output, 'a', 0o600);
  try {
    const result = await execa(program, args, {
      reject: false,
      detached: true,
      cleanup: false,
      extendEnv: false,
      env: { ...programEnvironment(), ...options.environment },
      stdio: ['ignore', output, output],
      timeout: options.timeoutMs,
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    });
    if (result.isCanceled) throw options.signal?.reason;
    if (result.timedOut) throw failure(words, `did not end within ${options.timeoutMs} ms`, options.output, result.cause);
    if (result.exitCode === undefined && result.signal === undefined) {
      throw failure(words, 'could not be started', options.output, result.cause);
    }
    return result.exitCode === 0;
  } finally {
    closeSync(output);
  }
}

function failure(words: readonly string[], what: string, output: string, cause: unknown): PortError {
  return new PortError('platform-unavailable', `the command "${words.join(' ')}" ${what}`, {
    cause,
    retryable: true,
    hint: `its output is in ${output}`,
  });
}
