import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from './chat/answer.ts';
import type { ConfigSource } from './config.ts';
import { isAppError } from './errors.ts';
import { resticCandidates } from './main-ports.ts';
import { findRestic } from './mover/restic/probe.ts';
import { createLocalRunProgram } from './workspace/local/run-program.ts';

/** The same as in package.json. */
export const VERSION = '0.1.0';

/** What is installed here: ours and what we stand on. Needs neither a configuration nor a server. */
export async function showVersion({ environment }: Pick<ConfigSource, 'environment'>): Promise<Answer> {
  const restic = await resticVersion(environment);
  const node = process.versions.node;
  return {
    text: `cml-backup ${VERSION} (${restic === undefined ? 'no usable restic' : `restic ${restic}`}, Node ${node})`,
    tone: 'info',
    ...(restic === undefined ? { hint: 'Install restic 0.17.1 or newer, or name one in CML_RESTIC.' } : {}),
    json: { version: VERSION, restic: restic ?? null, node },
  };
}

async function resticVersion(environment: ConfigSource['environment']): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-version-'));
  const place = { cacheFolder: folder, workspace: 'none' };
  try {
    return (await findRestic(resticCandidates(environment), createLocalRunProgram(), place)).version;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined; // that there is none is the answer
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
