/** An object as the ledger names it. */
export interface OwnerObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
}

/** Something that would scale a stopped service up again. */
export interface ServiceOwner {
  readonly service: string;
  readonly what: string;
  /** False: preflight refuses. */
  readonly canSuspend: boolean;
  /** What is done about it, or what a person must do: part of a sentence. */
  readonly how: string;
  /** What is held still meanwhile; absent where nothing needs to be done, or nothing can be. */
  readonly object?: OwnerObject;
}
