import picomatch from 'picomatch';
import { OperationError } from '../errors.ts';
import type { DataMover, PathCount } from '../mover/mover.ts';
import type { UnreadablePath } from '../records/part.ts';
import type { BackupPlan, PartPlan } from '../records/plan.ts';
import type { Cut, MadeCopy, SecuredPart } from './backup-steps.ts';
import { partsCopiedAfterStart, partsCopiedInCut, partsKeptByVendor } from './plan-backup.ts';

/** A source that loses more than half of its files, and more than these, within one operation is not believed. */
const MANY_LOST = 100;

interface CountWorld {
  readonly mover: DataMover;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly acceptUnreadable: readonly string[];
  /** When services were up again. */
  readonly startedAt: string;
}

interface Source {
  readonly part: PartPlan;
  readonly path: string;
  readonly takenAt: string;
  readonly approximate?: string | undefined;
}

/** Where the mover read a part: its snapshot, or the part itself. */
export function sourcesAfterStart(plan: BackupPlan, cut: Cut, now: string): Source[] {
  return partsCopiedAfterStart(plan.parts).map((part) => {
    const snapshot = cut.snapshots.find((candidate) => candidate.part === part.name);
    if (part.capture === 'snapshot' && !snapshot) {
      throw new OperationError('part-missing', `The snapshot of "${part.name}" is missing from the cut.`);
    }
    return {
      part,
      path: snapshot?.path ?? part.path,
      takenAt: snapshot?.takenAt ?? now,
      approximate: snapshot?.approximate,
    };
  });
}

/**
 * Proves by the copies' own trees that every part is in them, and counts it. The mover's exit code is not a proof.
 * @throws OperationError `copy-not-proven` when a part is missing or came out empty though it was not; `not-quiet` when
 * something in it was changed during the cut.
 */
export async function countParts(
  plan: BackupPlan,
  cut: Cut,
  later: { readonly copy: MadeCopy; readonly sources: readonly Source[] } | undefined,
  world: CountWorld,
): Promise<SecuredPart[]> {
  const inCut = partsCopiedInCut(plan.parts).map((part) => ({
    ...{ part, path: part.path, takenAt: cut.takenAt, approximate: cut.approximate },
  }));
  return [
    ...partsKeptByVendor(plan.parts).map((part) => secureKept(part, cut)),
    ...(cut.delta ? await countCopy(cut.delta, inCut, 'count-cut', world, cut) : []),
    ...(later ? await countCopy(later.copy, later.sources, 'count-later', world) : []),
  ];
}

/** What the control plane says is all that stands behind it: nobody else can look into what it keeps. */
function secureKept({ name }: PartPlan, { snapshots }: Cut): SecuredPart {
  const taken = snapshots.find(({ part }) => part === name);
  if (!taken?.kept)
    throw new OperationError('part-missing', `The control plane has no backup of "${name}" from this cut.`);
  const { takenAt, kept } = taken;
  return { name, kept, takenAt, files: 0, directories: 0, bytes: 0, unreadable: [] };
}

async function countCopy(copy: MadeCopy, sources: readonly Source[], key: string, world: CountWorld, cut?: Cut) {
  const { folder, signal } = world;
  const counts = await world.mover.count(
    copy.id,
    sources.map(({ path }) => path),
    { folder, key, signal },
  );
  if (cut && cut.approximate === undefined)
    for (const { part, path } of sources)
      refuseChanged(
        part,
        counts.find((one) => one.path === path),
        cut,
        world,
      );
  return sources.map((source) => securePart(source, copy, counts, world.acceptUnreadable));
}

/**
 * Who writes for a moment only is not seen by a look at who has what open; but the change time, which no program can set,
 * tells it for ever. After *startedAt* it is the clock that was wrong.
 */
function refuseChanged(part: PartPlan, count: PathCount | undefined, cut: Cut, { startedAt }: CountWorld): void {
  if (!part.hasOwnClock || !count?.lastChange) return;
  const { path, at } = count.lastChange;
  if (at <= cut.takenAt || at > startedAt) return;
  throw new OperationError('not-quiet', `${path} of "${part.name}" was changed while services were stopped (${at}).`, {
    hint: 'Nothing was recorded as a backup. Find what writes there, stop it with the services, then ask again.',
  });
}

function securePart(
  source: Source,
  copy: MadeCopy,
  counts: readonly PathCount[],
  accepted: readonly string[],
): SecuredPart {
  const { part, path, takenAt, approximate } = source;
  const count = counts.find((candidate) => candidate.path === path);
  if (!count || count.files < 0) {
    throw new OperationError('copy-not-proven', `"${part.name}" is not in the copy that should hold it.`, {
      hint: 'The backup was not recorded. Look at the log of the mover in the operation’s folder, then ask again.',
    });
  }
  if (part.files > 0 && count.files === 0) {
    throw new OperationError('copy-not-proven', `"${part.name}" had ${part.files} files and came out empty.`, {
      hint: 'Is it still mounted? The backup was not recorded.',
    });
  }
  if (part.files - count.files > MANY_LOST && count.files * 2 < part.files) {
    throw new OperationError(
      'copy-not-proven',
      `"${part.name}" had ${part.files} files and came out with ${count.files}.`,
      {
        hint: 'Is everything in it still mounted? The backup was not recorded; if the files were removed on purpose, ask again.',
      },
    );
  }
  const { files, directories, bytes } = count;
  const unreadable = unreadableIn(path, copy, count, accepted);
  const secured = {
    name: part.name,
    copyId: copy.id,
    pathInCopy: path,
    takenAt,
    files,
    directories,
    bytes,
    unreadable,
  };
  return approximate === undefined ? secured : { ...secured, approximate };
}

function unreadableIn(
  path: string,
  copy: MadeCopy,
  { tooDeep = [] }: PathCount,
  accepted: readonly string[],
): UnreadablePath[] {
  const isAccepted = accepted.length > 0 ? picomatch([...accepted], { dot: true }) : () => false;
  const below = (files: readonly string[]) =>
    files.filter((file) => file === path || file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1));
  return [
    ...below(copy.unreadable).map((file) => ({ path: file, accepted: isAccepted(file) })),
    // No pattern accepts these: as long as they are in the copy, restoring it fails.
    ...below(tooDeep).map((file) => ({ path: file, accepted: false, tooDeep: true })),
  ];
}
