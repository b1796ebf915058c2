import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, PortError } from '../../errors.ts';
import type { RunProgram } from '../../program.ts';

/** Before it: no exit code 12, no error messages as JSON, no `restore` that can be trusted to say what failed. */
const OLDEST = [0, 17, 1] as const;

export interface FoundRestic {
  readonly command: string;
  readonly version: string;
}

export function isUsable(version: string): boolean {
  const numbers = version.split('.').map(Number);
  for (const [place, least] of OLDEST.entries()) {
    const number = numbers[place] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}

/**
 * Answers the first candidate that is new enough. Asks the program itself: its name and place say nothing.
 * @throws PortError `mover-missing` naming what was found instead.
 */
export async function findRestic(
  candidates: readonly string[],
  run: RunProgram,
  { cacheFolder, workspace }: { cacheFolder: string; workspace: string },
): Promise<FoundRestic> {
  const found: string[] = [];
  // Of its own for every look: an operation and those who check the workspace may look at the same time.
  const folder = join(cacheFolder, `probe-${randomUUID()}`);
  try {
    for (const [place, command] of candidates.entries()) {
      const version = await versionOf(command, `version-${workspace}-${place}`, run, folder);
      if (version !== undefined && isUsable(version)) return { command, version };
      found.push(version === undefined ? `${command} is not there or is not restic` : `${command} is ${version}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  throw new PortError('mover-missing', `No usable restic: ${found.join(', ') || 'no place to look for it is given'}`, {
    hint: `restic ${OLDEST.join('.')} or newer is needed. Run scripts/get-restic.sh, which fetches one into .cache/restic.`,
  });
}

async function versionOf(command: string, key: string, run: RunProgram, folder: string): Promise<string | undefined> {
  let version: string | undefined;
  const onLine = (line: string) => {
    version ??= /^restic (\d+\.\d+\.\d+)/.exec(line)?.[1];
  };
  try {
    await run({ key, command, args: ['version'], fresh: true }, { folder, onLine });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'platform-unavailable') throw error;
    return undefined; // it is not there, which is part of the answer
  }
  return version;
}
