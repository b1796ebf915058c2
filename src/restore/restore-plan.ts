import { createHash } from 'node:crypto';
import type { Backup } from '../records/backup.ts';
import { hasCopy } from '../records/part.ts';
import type { RestoredPart, RestorePlan } from '../records/plan.ts';
import { writeDuration } from '../records/time.ts';
import type { Inspection } from '../workspace/inspection.ts';
import type { VendorForesight } from '../workspace/vendor-backups.ts';
import { describeVendorRestore, forecastVendorRestore, makeVendorRestore } from './vendor-restore.ts';

/** Creating files is what a restore costs; measured with restic 0.19 on 2 cores, in milliseconds. */
const PER_CALL = 750;
const PER_FILE = 0.18;
const PER_MEGABYTE = 3;

/** What services are down for: the swap itself is renames, so past backups say it best. */
const SWAP_MS = 1_000;

/** More missing paths than these are counted, not named. */
const NAMED_MISSING = 50;

/** One path of a backup, as its copy counts it. */
export type OnlyPath = Pick<RestoredPart, 'name' | 'within' | 'is' | 'files' | 'directories' | 'bytes'>;

/** What of a backup is brought back, and where to. */
export interface RestoreScope {
  /** Absent: everything. */
  readonly only?: readonly OnlyPath[] | undefined;
  /** Absent: the workspace that the backup was taken of. */
  readonly into?: string | undefined;
  /** False where the platform cannot build anything beside the live data. */
  readonly canSwap: boolean;
  /** What the control plane would make of the workspace, where it keeps a part of the backup. */
  readonly foresight?: VendorForesight | undefined;
}

/** What would happen, as the approver sees it: a pure function of the backup and of what stands there now. */
export function makeRestorePlan(
  backup: Backup,
  inspection: Inspection,
  lookedAt: Date,
  scope: RestoreScope = { canSwap: true },
): RestorePlan {
  const { only, into = backup.workspace } = scope;
  const vendor = only ? undefined : makeVendorRestore(backup, inspection, scope.foresight);
  const parts = only ? only.map((path) => partOf(backup, inspection, path)) : wholeParts(backup, inspection);
  const isForeign = into !== backup.workspace;
  const hasRoom = (tightestPart(parts, inspection)?.lackingBytes ?? 0) <= 0;
  const isSwap = scope.canSwap && (only !== undefined || (hasRoom && notBeside(parts, inspection).length === 0));
  const missing = missingOf(backup, only);
  const plan = {
    backupId: backup.id,
    manifestSha256: backup.manifestSha256,
    workspace: into,
    ...(isForeign ? { fromWorkspace: backup.workspace } : {}),
    takenAt: backup.takenAt,
    scope: only ? ('paths' as const) : ('whole' as const),
    parts,
    // The control plane brings back its own; what we kept of it is for people to read.
    ...(only || isForeign || vendor ? {} : definitionOf(backup)),
    releaseThen: backup.release,
    releaseNow: inspection.release,
    way: vendor ? ('vendor' as const) : isSwap ? ('swap' as const) : ('in-place' as const),
    ...(vendor ? { vendor } : {}),
    undoable: vendor === undefined,
    ...(missing.length > 0 ? { missing } : {}),
  };
  return {
    ...plan,
    digest: digestOf(plan),
    forecast: forecastRestore(backup, plan),
    overwrites: only ? [] : overwrites(backup, inspection),
    ...(only ? {} : writtenSince(inspection)),
    lookedAt: lookedAt.toISOString(),
    warnings: [...warningsOf(backup, inspection, plan), ...(vendor ? (scope.foresight?.warnings ?? []) : [])],
  };
}

function definitionOf({ definition }: Backup): Pick<RestorePlan, 'definition'> {
  if (!definition) return {};
  const { copyId, pathInCopy, sha256 } = definition;
  return { definition: { copyId, pathInCopy, sha256 } };
}

/** What an approval is bound to: nothing that changes by itself is part of it. */
export function digestOf(
  plan: Omit<RestorePlan, 'digest' | 'forecast' | 'overwrites' | 'lookedAt' | 'warnings'>,
): string {
  const bound = [
    plan.backupId,
    plan.manifestSha256,
    plan.workspace,
    plan.fromWorkspace ?? null,
    plan.way,
    plan.undoable,
    plan.releaseThen,
    plan.releaseNow,
    plan.scope,
    plan.missing ?? [],
    plan.parts.map(({ name, within, path }) => [name, within ?? null, path]),
    ...(plan.vendor
      ? [
          [
            plan.vendor.crn,
            plan.vendor.releaseAfter ?? null,
            plan.vendor.useStaticSubdomain,
            // Whether there is one: the sentence that says why not may drift.
            plan.vendor.noSafetyBackup === undefined,
            plan.vendor.makes ?? null,
          ],
        ]
      : []),
  ];
  return createHash('sha256').update(JSON.stringify(bound)).digest('hex');
}

function wholeParts(backup: Backup, inspection: Inspection): RestoredPart[] {
  return backup.parts
    .filter(hasCopy)
    .map(({ name, files, directories, bytes }) =>
      partOf(backup, inspection, { name, is: 'folder', files, directories, bytes }),
    );
}

function partOf(backup: Backup, inspection: Inspection, item: OnlyPath): RestoredPart {
  const captured = backup.parts.find(({ name }) => name === item.name);
  const live = inspection.parts.find(({ name }) => name === item.name);
  const { name, within, is, files, directories, bytes } = item;
  return {
    name,
    ...(within === undefined ? {} : { within }),
    is,
    path: live?.path ?? '',
    copyId: captured?.copyId ?? '',
    pathInCopy: captured?.pathInCopy ?? '',
    files,
    directories,
    bytes,
    consistent: captured?.consistent ?? false,
  };
}

/** How much the fullest file system lacks for all parts that lie on it together; not there at all is told of elsewhere. */
export function tightestPart(
  parts: readonly Pick<RestoredPart, 'name' | 'bytes'>[],
  inspection: Pick<Inspection, 'parts'>,
): { readonly name: string; readonly lackingBytes: number } | undefined {
  const needed = new Map<string, { name: string; lackingBytes: number }>();
  for (const { name, bytes } of parts) {
    const live = inspection.parts.find((candidate) => candidate.name === name);
    if (!live?.present) continue;
    const before = needed.get(live.fileSystem ?? name);
    needed.set(live.fileSystem ?? name, { name, lackingBytes: (before?.lackingBytes ?? -live.freeBytes) + bytes });
  }
  return [...needed.values()].sort((one, other) => other.lackingBytes - one.lackingBytes)[0];
}

/** One sentence for each part that nothing can be built beside of, however much room there is. */
function notBeside(parts: readonly { readonly name: string }[], inspection: Inspection): string[] {
  return inspection.parts
    .filter(({ name }) => parts.some((part) => part.name === name))
    .flatMap((part) =>
      part.notBeside === undefined ? [] : [`Nothing can be built beside the live data: ${part.notBeside}.`],
    );
}

/** Paths that a restore would lack: only those that nobody accepted when the backup was taken. */
function missingOf(backup: Backup, only: readonly OnlyPath[] | undefined): string[] {
  if (backup.status !== 'incomplete') return [];
  const all = backup.parts.flatMap(({ name, unreadable }) =>
    unreadable.filter(({ accepted }) => !accepted).map(({ path }) => ({ name, path })),
  );
  const asked = all.filter(({ name, path }) => !only || only.some((item) => touches(item, name, path)));
  const named = asked.slice(0, NAMED_MISSING).map(({ name, path }) => `${name}/${path}`);
  const more = asked.length > named.length ? [`and ${asked.length - named.length} more`] : [];
  // Without a name nobody can say what is whole.
  if (all.length === 0) return ['Which paths could not be read is not known.'];
  return [...named, ...more, ...(backup.hasUnnamedLoss ? ['Which other paths could not be read is not known.'] : [])];
}

function touches({ name, within }: OnlyPath, part: string, path: string): boolean {
  if (name !== part) return false;
  return within === undefined || path === within || path.startsWith(`${within}/`) || within.startsWith(`${path}/`);
}

function forecastRestore(backup: Backup, plan: Pick<RestorePlan, 'parts' | 'way' | 'vendor'>): RestorePlan['forecast'] {
  const sum = (pick: (part: RestoredPart) => number) => plan.parts.reduce((total, part) => total + pick(part), 0);
  const copyMs =
    plan.parts.length * PER_CALL +
    sum(({ files }) => files) * PER_FILE +
    (sum(({ bytes }) => bytes) / 1e6) * PER_MEGABYTE;
  const stopMs = backup.downtimeMs + SWAP_MS;
  const basis = `the downtime of ${backup.id}`;
  if (plan.vendor) return forecastVendorRestore(plan.vendor, backup, copyMs);
  if (plan.way === 'swap') return { downtimeMs: stopMs, totalMs: copyMs + stopMs, basis };
  const downtimeMs = stopMs + copyMs;
  return {
    downtimeMs,
    totalMs: 2 * copyMs + stopMs,
    basis: `${basis}, and writing everything while services are down`,
  };
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

function warningsOf(
  backup: Backup,
  inspection: Inspection,
  plan: Pick<RestorePlan, 'parts' | 'fromWorkspace' | 'definition' | 'way' | 'scope' | 'vendor'>,
): string[] {
  const names = new Set(plan.parts.map(({ name }) => name));
  const why = notBeside(plan.parts, inspection);
  const crashed = backup.parts.filter((part) => part.crashConsistent && names.has(part.name));
  const notConsistent = backup.parts.filter((part) => !part.consistent && names.has(part.name));
  return [
    ...(plan.way === 'in-place'
      ? [
          `${why.length > 0 ? why.join(' ') : 'There is no room beside the live data.'} It is written over while services are down. A safety backup of what stands there is taken first.`,
        ]
      : []),
    ...(plan.fromWorkspace === undefined ? [] : [`The data comes from another workspace: ${plan.fromWorkspace}.`]),
    ...(plan.definition === undefined && !plan.vendor ? ['The definition stays as it is.'] : []),
    ...notConsistent.map(({ name }) => `"${name}" was copied while services were up: it is not consistent.`),
    ...crashed.map(
      ({ name, crashConsistent = [] }) => `"${name}" is only crash-consistent: ${crashConsistent.join('; ')}.`,
    ),
    ...(plan.scope === 'whole'
      ? backup.leftOut.map(({ name, reason }) => `"${name}" is not in the backup and stays as it is (${reason}).`)
      : []),
    ...(backup.release === inspection.release || plan.definition === undefined
      ? []
      : [`The backup is of release ${backup.release}; its definition is applied at release ${inspection.release}.`]),
    ...(inspection.broken ?? []).map((said) => `${said} If the restore does not mend that, services stay down.`),
    ...(plan.vendor ? describeVendorRestore(plan.vendor, backup) : []),
    ...(backup.downtimeMs > 60_000 ? [`Services were down for ${writeDuration(backup.downtimeMs)} then.`] : []),
  ];
}
