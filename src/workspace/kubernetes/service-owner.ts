import type { Kind } from './kinds.ts';

/** A merge patch that makes an owner leave services alone, and the one that takes it back. Plain JSON, for the ledger. */
export interface Suspension {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace: string;
  readonly patch: object;
  readonly undo: object;
}

/** Something that would scale a stopped service up again. */
export interface ServiceOwner {
  readonly service: string;
  readonly what: string;
  /** False: preflight refuses. */
  readonly canSuspend: boolean;
  /** What is done about it, or what a person must do: part of a sentence. */
  readonly how: string;
  /** Absent where nothing needs to be done, or nothing can be. */
  readonly suspend?: Suspension;
}
