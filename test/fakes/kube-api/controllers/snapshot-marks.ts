/** What the snapshot controller and the driver's side write on objects. */
const HOLDS = 'snapshot.storage.kubernetes.io';
export const SOURCE_CLAIM_HELD = `${HOLDS}/pvc-as-source-protection`;
export const SNAPSHOT_AS_SOURCE = `${HOLDS}/volumesnapshot-as-source-protection`;
export const SNAPSHOT_BOUND = `${HOLDS}/volumesnapshot-bound-protection`;
export const CONTENT_BOUND = `${HOLDS}/volumesnapshotcontent-bound-protection`;
export const BEING_DELETED = `${HOLDS}/volumesnapshot-being-deleted`;
export const DEFAULT_CLASS = `${HOLDS}/is-default-class`;

export const BEING_CREATED = `${HOLDS}/volumesnapshot-being-created`;

/** Why a snapshot cannot go on; told in its status and as an event. */
export class SnapshotProblem extends Error {
  readonly reason: string;
  /** Seen: problems with the class leave `readyToUse` out, later ones say false. */
  readonly isEarly: boolean;
  constructor(reason: string, message: string, isEarly = false) {
    super(message);
    this.reason = reason;
    this.isEarly = isEarly;
  }
}
