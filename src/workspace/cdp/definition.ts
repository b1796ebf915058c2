import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../durable-file.ts';
import { PortError } from '../../errors.ts';
import type { DefinitionFile } from '../platform.ts';
import type { CdpContext } from './context.ts';
import { lookAtWorkspace } from './look.ts';

const definition = z.object({
  schema: z.literal(1),
  release: z.string(),
  /** As the control plane told it; for people, and for who makes a new workspace of it. */
  workspace: z.looseObject({}),
});

/** What changes by itself is no definition. */
const DRIFTS = new Set([
  'instanceStatus',
  'failureMessage',
  'healthInfoLists',
  'backupMetadata',
  'upgradeState',
  'subscription',
]);

export async function captureDefinition(context: CdpContext, folder: string): Promise<DefinitionFile> {
  const { told } = await lookAtWorkspace(context);
  const release = told.version ?? 'unknown';
  const fields = Object.entries(told).filter(([name]) => !DRIFTS.has(name) && !isSecret(name));
  const workspace = Object.fromEntries(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
  const text = `${JSON.stringify({ schema: 1, release, workspace }, null, 1)}\n`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'definition.json');
  await writeDurably(path, text);
  return { path, sha256: createHash('sha256').update(text).digest('hex'), release };
}

/** Nothing that is known to be told is one; a newer control plane may tell more. */
function isSecret(name: string): boolean {
  return /password|secret|token|private_?key|kubeconfig/i.test(name);
}

/** The control plane brings back with the data what makes the workspace run; this only sees that it is one of ours. */
export async function applyDefinition(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  try {
    definition.parse(JSON.parse(text));
  } catch (cause) {
    throw new PortError('platform-unavailable', `the definition ${path} cannot be understood`, {
      cause,
      hint: 'it was written by a newer version, or it is damaged',
    });
  }
}
