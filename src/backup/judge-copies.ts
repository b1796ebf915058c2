import type { Copy } from '../mover/mover.ts';
import { hasBegun, isDone } from '../operation/journal.ts';
import type { Backup } from '../records/backup.ts';
import { operationId } from '../records/ids.ts';
import type { Operation } from '../records/operation.ts';
import { copiesOf } from './delete-plan.ts';

/** Copies of an operation that we know nothing of are left alone for so long: somebody else may be making them. */
export const SAFE_AGE_MS = 24 * 3_600_000;

/** What is known of the operation whose copies are looked at. */
export interface MakerFacts {
  readonly operation?: Operation | undefined;
  /** Running, or left open by an earlier life and not taken up. */
  readonly isOpen: boolean;
  /** The backup that it made, whatever became of that. */
  readonly backup?: Backup | undefined;
  readonly now: Date;
}

/**
 * What becomes of one operation's copies. `orphans` belong to nobody and may go; `unknown`: a backup that the catalog does
 * not know and that can be added from its manifest; `left alone`: too young to say, or none of ours.
 */
export interface Judgement {
  readonly orphans: readonly Copy[];
  readonly why: string;
  readonly kind: 'owned' | 'orphans' | 'unknown' | 'left alone';
}

/** The operation that made a copy, by its tag. */
export function makerOf({ tags }: Copy): string | undefined {
  return tags.find((tag) => operationId.safeParse(tag).success);
}

export function isManifest({ tags }: Copy): boolean {
  return tags.includes('manifest');
}

/** True when a backup's operation never came to write it into the catalog: its manifest is what a failure left. */
export function madeNoBackup({ kind, journal }: Operation): boolean {
  return kind === 'backup' && !isDone(journal, 'record');
}

/** Judges the copies of one operation. `copies` all carry its tag; without a maker they carry none of ours. */
export function judgeCopies(maker: string | undefined, copies: readonly Copy[], facts: MakerFacts): Judgement {
  const { operation, isOpen, backup, now } = facts;
  if (maker === undefined) return kept('left alone', 'no operation of ours made them');
  if (isOpen) return kept('owned', `${maker} is not over`);
  if (backup) return judgeByBackup(copies, backup);
  if (operation && madeNoBackup(operation)) {
    return { kind: 'orphans', orphans: copies, why: `${maker} ${operation.status} and could not drop them` };
  }
  if (operation?.kind === 'restore-in-place' && hasBegun(operation.journal, 'begin in place')) {
    return kept('left alone', `they are what stood there before ${maker} wrote in place`);
  }
  if (copies.some(isManifest)) return kept('unknown', `a backup that the catalog does not know, made by ${maker}`);
  const isYoung = copies.some(({ takenAt }) => now.getTime() - Date.parse(takenAt) < SAFE_AGE_MS);
  if (isYoung) return kept('left alone', `${maker} is not known here, and they are less than a day old`);
  return { kind: 'orphans', orphans: copies, why: `no backup names them, and ${maker} left no manifest` };
}

function judgeByBackup(copies: readonly Copy[], backup: Backup): Judgement {
  const { id, status } = backup;
  // Its own deletion, asked for again, knows best what it still has to drop.
  if (status === 'deleting') return kept('owned', `${id} is being deleted`);
  const named = new Set(status === 'deleted' ? [] : copiesOf(backup));
  const orphans = copies.filter((copy) => !named.has(copy.id));
  if (orphans.length === 0) return kept('owned', `${id} names them`);
  const why = status === 'deleted' ? `${id} was deleted` : `made on the way to ${id}, which does not need them`;
  return { kind: 'orphans', orphans, why };
}

function kept(kind: Judgement['kind'], why: string): Judgement {
  return { kind, orphans: [], why };
}
