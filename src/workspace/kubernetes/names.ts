import { createHash } from 'node:crypto';

/** Labels on everything that we make, so that it can be found, adopted and swept. */
export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  workspace: 'cml-backup/workspace',
  operation: 'cml-backup/operation',
  part: 'cml-backup/part',
  /** mover, guard, reader, snapshot, staged, displaced, scratch, record, secret, share, holder. */
  role: 'cml-backup/role',
} as const;

/** The value of `managed-by` on what we make. */
export const OURS = 'cml-backup';

/** Put `cml-backup/leave: "true"` on a service, claim or namespace that we must not touch. */
export const LEAVE_LABEL = 'cml-backup/leave';

/**
 * Put `cml-backup/owner-agrees: "true"` on a service whose owner (Argo CD on another cluster, an operator) is known to leave
 * its replicas alone.
 */
export const OWNER_AGREES_LABEL = 'cml-backup/owner-agrees';

/** Annotations on what belongs to the workspace. */
export const NOTES = {
  /** On a stopped service: what ran, as JSON; see `ledger.ts`. */
  ran: 'cml-backup/ran',
  /** On a volume in the middle of a swap: role, claim and operation, as JSON. */
  swap: 'cml-backup/swap',
  /** On a volume whose reclaim policy we changed: the one from before. */
  reclaim: 'cml-backup/reclaim-before',
  /** On a Job of ours: fingerprint of the program it runs. */
  asked: 'cml-backup/asked',
  /** On a pod of ours that waits until services are down: `closed`, then `open`. */
  gate: 'cml-backup/gate',
  /** On a claim of ours: the folder of its volume that is the place, where that is not the root. */
  within: 'cml-backup/within',
} as const;

/** Ids hold an underscore, names of objects may not. */
export function idInNames(id: string): string {
  return id.replaceAll('_', '-');
}

const LONGEST = 63;

/** A name that the API takes, of whatever parts it is made; cut with a hash of the whole when it is too long. */
export function objectName(...words: readonly string[]): string {
  const whole = words
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '');
  const asWritten = words.join('-') === whole;
  if (whole.length <= LONGEST && (asWritten || words.every((word) => /^[a-z0-9_-]*$/.test(word)))) return whole;
  const hash = createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 8);
  return `${whole.slice(0, LONGEST - 9).replace(/-$/, '')}-${hash}`;
}

/** Where a program near the data finds it. A place is the root of a volume of its own, or of a mount of a share. */
export const MOUNTS = '/mnt/cml';

/** Of which life of a part a place is; `beside` is what holds a shared folder on its server. */
export type PlaceLife = 'live' | 'beside' | 'snapshot' | 'staged' | 'scratch' | 'displaced';

export interface Place {
  readonly life: PlaceLife;
  /** Absent for `live`, `beside` and `snapshot`, whose paths must be the same in every backup: copies find their parent by them. */
  readonly operationId?: string | undefined;
  readonly part: string;
}

export function placePath({ life, operationId, part }: Place): string {
  return [MOUNTS, life, ...(operationId === undefined ? [] : [operationId]), part].join('/');
}

/** The place that a path lies in, and the path's rest below it (empty for the place itself); undefined for any other path. */
export function placeOf(path: string): { readonly place: Place; readonly below: string } | undefined {
  const match =
    /^\/mnt\/cml\/(?:(live|beside|snapshot)|(staged|scratch|displaced)\/(op_[0-9a-z]+))\/([A-Za-z0-9][A-Za-z0-9._-]*)(?:\/(.*))?$/.exec(
      path,
    );
  const [, still, moving, operationId, part, below = ''] = match ?? [];
  if (part === undefined) return undefined;
  if (still !== undefined) return { place: { life: still as PlaceLife, part }, below };
  return { place: { life: moving as PlaceLife, operationId, part }, below };
}

/** The claim behind a place that we make. A live place has its own claim, a snapshot's reader is named after its operation. */
export function claimNameOf(life: Exclude<PlaceLife, 'live'>, operationId: string, part: string): string {
  return objectName(`cml-${life}`, idInNames(operationId), part);
}
