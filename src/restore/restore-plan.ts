import { createHash } from 'node:crypto';
import type { Backup } from '../records/backup.ts';
import type { RestorePlan } from '../records/plan.ts';
import { writeDuration } from '../records/time.ts';
import type { Inspection } from '../workspace/platform.ts';

/** Creating files is what a restore costs; measured with restic 0.19 on 2 cores, in milliseconds. */
const PER_CALL = 750;
const PER_FILE = 0.18;
const PER_MEGABYTE = 3;

/** What services are down for: the swap itself is renames, so past backups say it best. */
const SWAP_MS = 1_000;

/** What would happen, as the approver sees it: a pure function of the backup and of what stands there now. */
export function makeRestorePlan(backup: Backup, inspection: Inspection, lookedAt: Date): RestorePlan {
  const parts = backup.parts.map((part) => {
    const { name, copyId, pathInCopy, files, directories, bytes, consistent } = part;
    const live = inspection.parts.find((candidate) => candidate.name === name);
    return { name, path: live?.path ?? '', copyId, pathInCopy, files, directories, bytes, consistent };
  });
  const decided = {
    backupId: backup.id,
    manifestSha256: backup.manifestSha256,
    workspace: backup.workspace,
    parts: parts.map(({ name, path }) => ({ name, path })),
    way: 'swap' as const,
    undoable: true,
    releaseThen: backup.release,
    releaseNow: inspection.release,
  };
  const { copyId, pathInCopy, sha256 } = backup.definition;
  return {
    ...decided,
    parts,
    takenAt: backup.takenAt,
    definition: { copyId, pathInCopy, sha256 },
    digest: digestOf(decided),
    forecast: forecastRestore(backup),
    overwrites: overwrites(backup, inspection),
    ...writtenSince(inspection),
    lookedAt: lookedAt.toISOString(),
    warnings: warningsOf(backup, inspection),
  };
}

/** What an approval is bound to: nothing that changes by itself is part of it. */
export function digestOf(
  decided: Pick<
    RestorePlan,
    'backupId' | 'manifestSha256' | 'workspace' | 'way' | 'undoable' | 'releaseThen' | 'releaseNow'
  > & {
    readonly parts: readonly { readonly name: string; readonly path: string }[];
  },
): string {
  const bound = [
    decided.backupId,
    decided.manifestSha256,
    decided.workspace,
    decided.way,
    decided.undoable,
    decided.releaseThen,
    decided.releaseNow,
    decided.parts.map(({ name, path }) => [name, path]),
  ];
  return createHash('sha256').update(JSON.stringify(bound)).digest('hex');
}

function forecastRestore(backup: Backup): RestorePlan['forecast'] {
  const copyMs = backup.parts.length * PER_CALL + backup.files * PER_FILE + (backup.bytes / 1e6) * PER_MEGABYTE;
  const downtimeMs = backup.downtimeMs + SWAP_MS;
  return { downtimeMs, totalMs: copyMs + downtimeMs, basis: `the downtime of ${backup.id}` };
}

function overwrites(backup: Backup, inspection: Inspection): RestorePlan['overwrites'] {
  return inspection.parts
    .filter((part) => backup.parts.some(({ name }) => name === part.name))
    .map(({ name, files, bytes }) => ({ name, files, bytes }));
}

function writtenSince(inspection: Inspection): { writtenSince?: number } {
  const known = inspection.parts.map((part) => part.writtenSince).filter((count) => count !== undefined);
  return known.length === 0 ? {} : { writtenSince: known.reduce((sum, count) => sum + count, 0) };
}

function warningsOf(backup: Backup, inspection: Inspection): string[] {
  const notConsistent = backup.parts.filter((part) => !part.consistent);
  return [
    ...notConsistent.map(({ name }) => `"${name}" was copied while services were up: it is not consistent.`),
    ...backup.leftOut.map(({ name, reason }) => `"${name}" is not in the backup and stays as it is (${reason}).`),
    ...(backup.release === inspection.release
      ? []
      : [`The backup is of release ${backup.release}; release ${inspection.release} runs now.`]),
    ...(backup.downtimeMs > 60_000 ? [`Services were down for ${writeDuration(backup.downtimeMs)} then.`] : []),
  ];
}
