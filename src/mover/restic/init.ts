import type { MoveOptions } from '../mover.ts';
import { failureOf } from './failure.ts';
import { callRestic, type ResticContext } from './restic.ts';

const ALREADY_THERE = /already (exists|initialized)/i;

/** Creates the repository. When it is there already, the password has to open it. */
export async function initRepository(context: ResticContext, options: MoveOptions): Promise<void> {
  const result = await callRestic(context, {
    args: ['init', '--json'],
    options,
    waitsForLock: true,
    accept: [0, 1],
  });
  if (result.exitCode === 0) return;
  if (!result.stderr.some((line) => ALREADY_THERE.test(line))) throw failureOf(result, context.settings.location);
  await openRepository(context, { ...options, key: `${options.key}-open` });
}

/** Opens the repository with a password and does nothing more. */
export async function openRepository(context: ResticContext, options: MoveOptions): Promise<void> {
  await callRestic(context, { args: ['cat', 'config', '--json', '--no-lock'], options });
}
