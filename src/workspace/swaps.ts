import { z } from 'zod';
import type { DefinitionFile, Quiet } from './platform.ts';

/** What a restore brings in: a whole part, or one path of it. */
export interface StageWish {
  readonly part: string;
  /** Relative to the part's root; absent: the whole part. */
  readonly within?: string | undefined;
  /** What will stand there; a path within a part may be a single file. */
  readonly is?: 'folder' | 'file' | undefined;
  /** How much will come; a platform that cannot know its room before refuses what does not fit. */
  readonly bytes?: number | undefined;
}

export const stagedPart = z.object({
  part: z.string(),
  within: z.string().optional(),
  /** As wished; absent for what an earlier operation displaced. */
  is: z.enum(['folder', 'file']).optional(),
  /** Where the mover restores to; see `stage`. */
  path: z.string(),
  /** The place is the root of a volume of its own: nothing can be put beside it, so it is written as a live part is. */
  isRoot: z.boolean().optional(),
});
export type StagedPart = z.infer<typeof stagedPart>;

/** What one operation displaced, kept until its time has passed. */
export interface Displaced {
  readonly operationId: string;
  readonly until: string;
  readonly parts: readonly StagedPart[];
  /** The definition that was the present one before; absent when that operation left it alone, or could not keep it. */
  readonly definition?: DefinitionFile;
}

/** Bringing restored data in and keeping what it displaced: the part of a platform that a restore works with. */
export interface Swaps {
  /**
   * Makes empty places beside the live parts, on the same file system or the same kind of storage, for restored data. The
   * mover may put `<place>.partial` beside each that is no root and replace the place itself; `release` removes both. For a wish that is a file the
   * place is a folder into which the mover puts one file of that name. Live data need not be there for a path within a
   * part, but the folder that holds it must.
   * @throws OperationError `preflight-failed` when the folder of a path is not there, one wish lies inside another, or there
   * is no room for it.
   */
  stage(operationId: string, wishes: readonly StageWish[]): Promise<StagedPart[]>;
  /**
   * Offers what an earlier operation displaced as staged places of this one. Moves nothing; `release` of this operation
   * leaves it where it is, and it stays that operation's until a commit here is kept by `keepDisplaced`.
   * @throws OperationError `part-missing` when it is not kept any more, or not wholly.
   */
  stageDisplaced(operationId: string, fromOperationId: string): Promise<StagedPart[]>;
  /**
   * Swaps the staged places in, while quiet. When it dies or rejects, any part may be swapped or not; `revert` knows.
   * What was live is kept whole beside. A path within a part is swapped alone.
   * @throws OperationError `swap-failed`, `not-quiet`.
   */
  commit(operationId: string, staged: readonly StagedPart[], quiet: Quiet): Promise<void>;
  /** True when every live part is the one from before this operation. */
  isReverted(operationId: string): Promise<boolean>;
  /**
   * True when this operation's swap is wholly committed and its services were all up on it once, or what it displaced is
   * kept: nobody puts that back unasked. False again once its services are stopped by the same operation.
   */
  isServed(operationId: string): Promise<boolean>;
  /**
   * Puts every live part back as it was before this operation. Call only while services are stopped. An undo that was
   * kept cannot be put back: ask for an undo of it.
   * @throws OperationError `swap-failed`: data is of unknown state and nothing may be started.
   */
  revert(operationId: string): Promise<void>;
  /**
   * Keeps what a committed swap displaced until `until`, and with it a copy of `definition`, the one it displaced;
   * answers the places. What the swap brought in from an earlier operation's displaced data is that operation's no more.
   */
  keepDisplaced(operationId: string, until: string, definition?: DefinitionFile): Promise<string[]>;
  /** What is kept now, oldest first. */
  displaced(): Promise<Displaced[]>;
  /**
   * Removes what operations displaced and whose time has passed, except that of operations named in `held` and what a
   * swap that is not settled needs; answers the places removed.
   */
  dropDisplaced(now: string, held?: readonly string[]): Promise<string[]>;

  /**
   * The live parts themselves, to be written in place. From here until `endInPlace` their state is unknown: `start`
   * refuses, and so does the guard, which pages instead; the mark outlives this process. Programs that an earlier life of
   * the operation left running are ended first: one of them may be writing there. Call only while quiet.
   * @throws OperationError `not-quiet`, `part-missing`.
   */
  beginInPlace(operationId: string, parts: readonly string[], quiet: Quiet): Promise<StagedPart[]>;
  /** The live parts are known to be whole again: the restored ones or the previous ones. `release` forgets which. */
  endInPlace(operationId: string, stands: 'restored' | 'previous'): Promise<void>;
  /** `writing` while this operation's mark stands, then what `endInPlace` said; undefined before and after all that. */
  inPlace(operationId: string): Promise<'writing' | 'restored' | 'previous' | undefined>;
}
