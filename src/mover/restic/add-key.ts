import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { z } from 'zod';
import { writeDurably } from '../../durable-file.ts';
import { AppError } from '../../errors.ts';
import type { MoveOptions } from '../mover.ts';
import { openRepository } from './init.ts';
import { callRestic, keyHintFile, type ResticContext } from './restic.ts';

const keyList = z.array(z.object({ current: z.boolean(), id: z.string() }));

/**
 * Adds a second password, once: every further key would cost each later call 0.5 s. Afterwards notes which key the
 * configured password opens, so that restic need not try them all.
 */
export async function addKey(context: ResticContext, newPasswordFile: string, options: MoveOptions): Promise<void> {
  if (!(await opens(context, newPasswordFile, options))) {
    const args = ['key', 'add', '--json', '--new-password-file', newPasswordFile];
    await callRestic(context, { args, options, waitsForLock: true });
  } else if (existsSync(keyHintFile(context))) {
    return;
  }
  await noteOwnKey(context, options);
}

async function opens(context: ResticContext, passwordFile: string, options: MoveOptions): Promise<boolean> {
  const other: ResticContext = {
    ...context,
    settings: { ...context.settings, passwordFile, passwordCommand: undefined },
  };
  try {
    await openRepository(other, { ...options, key: `${options.key}-opens` });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'repository-password') return false;
    throw error;
  }
}

async function noteOwnKey(context: ResticContext, options: MoveOptions): Promise<void> {
  let own: string | undefined;
  await callRestic(context, {
    args: ['key', 'list', '--json', '--no-lock'],
    options: { ...options, key: `${options.key}-list` },
    onMessage: (message) => {
      own ??= keyList.safeParse(message).data?.find((key) => key.current)?.id;
    },
  });
  if (own === undefined) return;
  await mkdir(context.cacheFolder, { recursive: true, mode: 0o700 });
  await writeDurably(keyHintFile(context), `${own}\n`);
}
