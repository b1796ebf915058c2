import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { PortError } from '../../errors.ts';
import { programEnvironment } from './program-environment.ts';

interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string | undefined;
  readonly timeoutMs: number;
  /** File to which output is added. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a configured command in a session of its own, so that nothing that ends us by group ends it half-way. Its output
 * goes to a file by descriptor, which execa offers no typed way for, and never to a pipe: what it leaves running in the
 * background must neither hold us up nor need us. Answers whether it ended with exit code 0.
 * @throws PortError `platform-unavailable` when it cannot be started or takes too long.
 */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<boolean> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const [program = '', ...args] = words;
  const output = openSync(options.output, 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: options.folder,
      env: { ...programEnvironment(), ...options.environment },
      detached: true,
      stdio: ['ignore', output, output],
      timeout: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const [exitCode] = await once(child, 'exit');
    if (child.killed) throw failure(words, `did not end within ${timeoutMs} ms`, options.output, undefined);
    return exitCode === 0;
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw cause instanceof PortError ? cause : failure(words, 'could not be started', options.output, cause);
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
