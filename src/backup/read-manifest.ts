import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, isAppError } from '../errors.ts';
import type { Copy, DataMover } from '../mover/mover.ts';
import { type Backup, type Manifest, manifest } from '../records/backup.ts';

/** A manifest as it stands in the repository, and the definition beside it. */
export interface FoundManifest {
  readonly manifest: Manifest;
  /** Of the manifest's text. */
  readonly sha256: string;
  readonly hasDefinition: boolean;
}

/** One manifest's own fault; everything else is the repository's, and no other manifest could be read either. */
const OWN_FAULTS: readonly ErrorCode[] = ['part-missing', 'mover-unavailable'];

/**
 * Brings a manifest's copy back and reads it. Answers a sentence when it cannot be read or does not fit.
 * @throws PortError when the repository cannot be used at all.
 */
export async function readManifest(
  copy: Copy,
  { workspace, backupId }: { readonly workspace: string; readonly backupId: string },
  { mover, folder }: { readonly mover: DataMover; readonly folder: string },
): Promise<FoundManifest | string> {
  const target = join(folder, `manifest-of-${backupId}`);
  const [pathInCopy] = copy.paths;
  if (pathInCopy === undefined) return `the copy ${copy.id} holds nothing`;
  try {
    await mover.restore(copy.id, pathInCopy, target, { folder, key: `manifest-${copy.id.slice(0, 12)}` });
    const text = await readFile(join(target, 'manifest.json'), 'utf8');
    const read = manifest.safeParse(jsonOf(text));
    if (!read.success) return `its manifest is not one this release can read: ${read.error.issues[0]?.message ?? ''}`;
    if (read.data.id !== backupId) return `its manifest is the one of ${read.data.id}`;
    if (read.data.workspace !== workspace) return `it is a backup of ${read.data.workspace}`;
    const definition = await readFile(join(target, 'definition.json')).catch(() => undefined);
    return {
      manifest: read.data,
      sha256: sumOf(text),
      hasDefinition: definition !== undefined && sumOf(definition) === read.data.definitionSha256,
    };
  } catch (error) {
    if (isAppError(error) && OWN_FAULTS.includes(error.code)) return error.message;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no manifest in its copy';
    throw error;
  } finally {
    // The definition may hold secrets.
    await rm(target, { recursive: true, force: true });
  }
}

/**
 * The catalog's record of a backup as its manifest tells it, with what the repository lists now. What was known only here
 * is lost: pins, verifications, and when it ended (its manifest was the last thing stored). A backup of which anything is
 * missing is never called completed.
 */
export function recordFromManifest(found: FoundManifest, stored: Copy, copies: readonly Copy[]): Backup {
  const { parts, startedAt, definitionSha256, release, warnings, status, operationId } = found.manifest;
  const present = new Set(copies.map(({ id }) => id));
  const lost = [
    ...parts.flatMap(({ name, copyId }) =>
      copyId === undefined || present.has(copyId) ? [] : [`Copy ${copyId} of "${name}" is not in the repository.`],
    ),
    ...(found.hasDefinition ? [] : ['Its definition is not in the repository as it was captured.']),
  ];
  const own = copies.filter(({ tags }) => tags.includes(operationId));
  const sum = <T>(list: readonly T[], pick: (one: T) => number) => list.reduce((total, one) => total + pick(one), 0);
  return {
    ...found.manifest,
    status: lost.length > 0 ? 'incomplete' : status,
    warnings: [...warnings, ...lost],
    definition: { copyId: stored.id, pathInCopy: stored.paths[0] ?? '', sha256: definitionSha256, release },
    manifestCopyId: stored.id,
    manifestSha256: found.sha256,
    endedAt: stored.takenAt,
    durationMs: Math.max(0, Date.parse(stored.takenAt) - Date.parse(startedAt)),
    files: sum(parts, ({ files }) => files),
    bytes: sum(parts, ({ bytes }) => bytes),
    addedBytes: sum(own, ({ addedBytes }) => addedBytes),
  };
}

function sumOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
