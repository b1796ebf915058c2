import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { writeDurably } from '../durable-file.ts';
import { OperationError } from '../errors.ts';
import type { DataMover } from '../mover/mover.ts';
import type { Story } from '../operation/operation.ts';
import { type Backup, type Manifest, manifest } from '../records/backup.ts';
import { besideCut, type Counted } from '../records/counted.ts';
import type { CapturedPart, UnreadablePath } from '../records/part.ts';
import type { BackupPlan } from '../records/plan.ts';
import type { DefinitionFile, Started } from '../workspace/platform.ts';
import type { BackupOutcome, backupStory, Cut, MadeCopy, SecuredPart } from './backup-steps.ts';

/** Everything that is known when services are up again and all data is in the repository. */
export interface Captured {
  readonly backupId: string;
  readonly name?: string | undefined;
  readonly operation: Story<typeof backupStory>['operation'];
  readonly plan: BackupPlan;
  readonly definition: DefinitionFile;
  /** What was copied while services were still up. */
  readonly warm?: MadeCopy | undefined;
  readonly cut: Cut;
  /** What was counted before services stopped, and after they were up again. */
  readonly before?: readonly Counted[] | undefined;
  readonly after?: readonly Counted[] | undefined;
  readonly started: Started;
  readonly later?: MadeCopy | undefined;
  readonly secured: readonly SecuredPart[];
  /** The restore in place that it was made for. */
  readonly safetyFor?: string | undefined;
}

export function makeManifest(captured: Captured): Manifest {
  const { operation, plan, cut, secured } = captured;
  const parts = plan.parts.map((part): CapturedPart => {
    const found = secured.find(({ name }) => name === part.name);
    if (!found) throw new OperationError('part-missing', `"${part.name}" was planned and not captured.`);
    const { name, kind, location, capture } = part;
    const consistent = capture !== 'after-start' && found.approximate === undefined;
    const killed = consistent ? cut.quiet.killed?.[name] : undefined;
    return {
      name,
      kind,
      location,
      capture,
      consistent,
      ...(killed ? { crashConsistent: killed } : {}),
      ...rest(found),
    };
  });
  const hasUnnamedLoss = outsideParts(captured);
  const counted = besideCut(captured.before ?? [], captured.after ?? []);
  const lost = parts.flatMap((part) => part.unreadable.map((entry) => ({ ...entry, part: part.name })));
  return {
    schema: 1,
    id: captured.backupId,
    ...(captured.name === undefined ? {} : { name: captured.name }),
    workspace: operation.workspace,
    operationId: operation.id,
    by: operation.by,
    trigger: operation.trigger,
    ...(operation.reason === undefined ? {} : { reason: operation.reason }),
    ...(captured.safetyFor === undefined ? {} : { safetyFor: captured.safetyFor }),
    startedAt: operation.startedAt,
    takenAt: cut.takenAt,
    release: plan.release,
    downtimeMs: downtimeOf(captured),
    definitionSha256: captured.definition.sha256,
    parts,
    leftOut: [...plan.leftOut],
    warnings: [
      ...plan.warnings,
      ...parts.flatMap(({ name, crashConsistent = [] }) =>
        crashConsistent.map((why) => `${name} is only crash-consistent: ${why}.`),
      ),
      ...parts.flatMap(({ name, approximate }) =>
        approximate === undefined ? [] : [`${name} is only approximately of the same moment: ${approximate}.`],
      ),
      ...lost.map(sentence),
      ...(captured.warm?.unmarked ? [UNMARKED] : []),
      ...[...(captured.before ?? []), ...(captured.after ?? [])].flatMap(uncounted),
    ],
    ...(counted.length > 0 ? { counted } : {}),
    ...(hasUnnamedLoss ? { hasUnnamedLoss } : {}),
    status: lost.some((entry) => !entry.accepted) || hasUnnamedLoss ? 'incomplete' : 'completed',
  };
}

const UNMARKED =
  'Files that cml may not touch changed during the first pass: what programs wrote through memory mappings may be missing. Run cml as root, or capture cold.';

function rest({ name: _name, unreadable, kept, ...secured }: SecuredPart) {
  const proof = kept ? { kept, proof: 'vendor-reported' as const } : {};
  return { ...secured, ...proof, unreadable: [...unreadable] };
}

/** An unreadable path that belongs to no part is one whose extent we do not know: never a completed backup. */
function outsideParts({ cut, later, secured }: Captured): boolean {
  const all = (cut.delta?.unreadable.length ?? 0) + (later?.unreadable.length ?? 0);
  return all > secured.reduce((sum, part) => sum + part.unreadable.filter(({ tooDeep }) => !tooDeep).length, 0);
}

/** Its data is as good as that of others; only less can be said of it later. */
function uncounted({ check, problem }: Counted): string[] {
  return problem === undefined ? [] : [`The check ${check} could not count at the cut: ${problem}`];
}

/** How warnings about paths that make a backup incomplete begin. */
const UNREADABLE = 'Could not be read';
const TOO_DEEP = 'Could not be restored beside live data, its path is too long';
const ACCEPTED = 'Not readable, as accepted';
export const isLoss = (warning: string): boolean => warning.startsWith(UNREADABLE) || warning.startsWith(TOO_DEEP);
/** It only repeats what stands in a part's own list of paths. */
export const isOfPath = (warning: string): boolean => isLoss(warning) || warning.startsWith(ACCEPTED);

/** The whole path is in the part's own list. */
const SHOWN = 300;

function sentence(entry: UnreadablePath & { readonly part: string }): string {
  const whole = `${entry.part}/${entry.path}`;
  const where = whole.length <= SHOWN ? whole : `${whole.slice(0, SHOWN / 2)}…${whole.slice(-SHOWN / 2)}`;
  if (entry.tooDeep) return `${TOO_DEEP}: ${where}`;
  return entry.accepted ? `${ACCEPTED}: ${where}` : `${UNREADABLE}: ${where}`;
}

function downtimeOf({ cut, started }: Captured): number {
  return Math.max(0, Date.parse(started.readyAt) - Date.parse(cut.quiet.stoppedAt));
}

/** Puts the manifest and the definition into the repository: a copy of a small folder under a fixed name. */
export async function storeManifest(
  captured: Captured,
  mover: DataMover,
  folder: string,
  signal: AbortSignal,
): Promise<{ copyId: string; sha256: string }> {
  const place = manifestFolder(folder);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(manifest.parse(makeManifest(captured)), null, 2)}\n`;
  await writeDurably(join(place, 'manifest.json'), text);
  const tags = ['manifest', captured.operation.id, captured.backupId];
  const copy = await mover.copy({ paths: [place], exclude: [], tags }, { folder, key: 'manifest', signal });
  if (copy.unreadable.length > 0) {
    throw new OperationError('copy-not-proven', 'The manifest could not be read back while it was stored.');
  }
  return { copyId: copy.id, sha256: createHash('sha256').update(text).digest('hex') };
}

/** The definition is captured into the same folder, so that one copy holds all that is not data. */
export function manifestFolder(folder: string): string {
  return join(folder, 'manifest');
}

/**
 * Reads the repository once more: every copy of this backup is listed there, with the summary the mover reported, and what
 * the repository held before, on which every new copy stands, is still there.
 * @throws OperationError `copy-not-proven`; PortError of the mover's check.
 */
export async function proveCopies(
  captured: Captured,
  manifestCopyId: string,
  mover: DataMover,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const listed = await mover.list([captured.operation.id], { folder, key: 'prove', signal });
  for (const made of [captured.cut.delta, captured.later]) {
    if (!made) continue;
    const copy = listed.find(({ id }) => id === made.id);
    if (copy && copy.files === made.files && copy.bytes === made.bytes) continue;
    throw new OperationError('copy-not-proven', `The repository does not show copy ${made.id} as it was reported.`, {
      hint: 'Check the repository before the next backup.',
    });
  }
  if (!listed.some(({ id }) => id === manifestCopyId)) {
    throw new OperationError('copy-not-proven', 'The repository does not show the manifest.');
  }
  await mover.check({ folder, key: 'check', signal, yields: true });
}

/** The catalog's entry; from here on the backup exists. */
export async function recordBackup(
  captured: Captured,
  stored: { readonly copyId: string; readonly sha256: string },
  folder: string,
  endedAt: Date,
  catalog: Catalog,
): Promise<BackupOutcome> {
  const made = makeManifest(captured);
  const sum = (pick: (part: CapturedPart) => number) => made.parts.reduce((total, part) => total + pick(part), 0);
  const copies = [captured.warm, captured.cut.delta, captured.later];
  const addedBytes = copies.reduce((total, copy) => total + (copy?.addedBytes ?? 0), 0);
  const backup: Backup = {
    ...made,
    definition: {
      copyId: stored.copyId,
      pathInCopy: manifestFolder(folder),
      sha256: captured.definition.sha256,
      release: captured.definition.release,
    },
    manifestCopyId: stored.copyId,
    manifestSha256: stored.sha256,
    endedAt: endedAt.toISOString(),
    durationMs: Math.max(0, endedAt.getTime() - Date.parse(made.startedAt)), // the clock may have been set back
    files: sum((part) => part.files),
    bytes: sum((part) => part.bytes),
    addedBytes,
  };
  const lastVerified = await findLastVerified(catalog, backup.workspace);
  await catalog.backups.save(backup);
  const { files, bytes, downtimeMs, warnings } = backup;
  const outcome = { backupId: made.id, status: made.status, files, bytes, addedBytes, downtimeMs, warnings };
  return { ...outcome, lastVerified, ...weakParts(made.parts) };
}

/** Names of the parts of which less can be said than of others; nothing where there are none. */
function weakParts(parts: readonly CapturedPart[]): Partial<BackupOutcome> {
  const named = (key: string, isWeak: (part: CapturedPart) => boolean) => {
    const names = parts.filter(isWeak).map(({ name }) => name);
    return names.length === 0 ? {} : { [key]: names };
  };
  return {
    ...named('notConsistent', ({ consistent, approximate }) => !consistent && approximate === undefined),
    ...named('crashConsistent', ({ crashConsistent }) => crashConsistent !== undefined),
    ...named('approximate', ({ approximate }) => approximate !== undefined),
    ...named('vendorReported', ({ proof }) => proof === 'vendor-reported'),
  };
}

/** As far back as one looks: reading a record costs. */
const LOOKED_BACK = 30;

async function findLastVerified(catalog: Catalog, workspace: string): Promise<BackupOutcome['lastVerified']> {
  const recent = await catalog.backups.list({ workspace, status: 'completed', limit: LOOKED_BACK });
  const last = recent.find(({ verified }) => verified !== undefined);
  return last?.verified ? { backupId: last.id, at: last.verified.at } : null;
}
