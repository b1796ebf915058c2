import { randomUUID } from 'node:crypto';
import type { KubernetesObject, V1ObjectMeta } from '@kubernetes/client-node';
import type { Kind } from '../../../src/workspace/kubernetes/kinds.ts';

// biome-ignore lint/suspicious/noExplicitAny: controllers read and write whatever a kind has
type Anything = any;

/** Objects of the double: any shape below the usual frame. */
export type Stored = KubernetesObject & {
  metadata: V1ObjectMeta & { name: string; uid: string; resourceVersion: string };
  spec?: Anything;
  status?: Anything;
  [key: string]: Anything;
};

export type Change = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: Kind;
  readonly object: Stored;
  readonly version: number;
};

/** What the API server says no with; the HTTP side makes a Status of it. */
export class Refused extends Error {
  readonly code: number;
  readonly reason: string;
  /** What the Status carries beside name, group and kind. */
  readonly details: Record<string, unknown>;
  constructor(code: number, reason: string, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/**
 * What stands behind the API server: objects, one counter for all versions, deletion with finalizers. Every change is told to
 * listeners in order, after the caller's own turn. Objects are copied in and out.
 *
 * Kept as the real one does: `uid`, `creationTimestamp`, `resourceVersion` on every write; `generation` when the spec changed;
 * removal only when no finalizer is left, `deletionTimestamp` until then; a write that changes nothing makes no version.
 */
export interface Store {
  get(kind: Kind, name: string, namespace?: string): Stored | undefined;
  /** `fits` sees what stands, which it must not change: only what it takes is copied. */
  list(kind: Kind, namespace?: string, fits?: (object: Stored) => boolean): Stored[];
  /** A uid that is given is kept. @throws Refused 409 AlreadyExists */
  create(kind: Kind, object: KubernetesObject): Stored;
  /** @throws Refused 404, 409 Conflict when `metadata.resourceVersion` is given and not the present one, or the uid differs. */
  update(kind: Kind, object: KubernetesObject): Stored;
  /** Reads, lets `edit` change the copy, writes; undefined when it is not there. What controllers use. */
  edit(kind: Kind, name: string, namespace: string | undefined, edit: (object: Stored) => void): Stored | undefined;
  /**
   * Marks it, or removes it when nothing holds it. `graceSeconds` is kept on pods until their controller removes them with 0;
   * `deletionTimestamp` is when the grace ends. Marking counts as a change of the spec.
   */
  remove(
    kind: Kind,
    name: string,
    namespace?: string,
    options?: { readonly graceSeconds?: number; readonly uid?: string },
  ): Stored;
  /**
   * What the server itself fills in or refuses when an object of this kind is written: defaults, finalizers of admission,
   * fields that may not change. Called with the new object, which it may change, and the standing one; throws `Refused`.
   */
  admit(kind: Kind, look: (object: Stored, standing?: Stored) => void): void;
  /** Version of the newest change. */
  version(): number;
  /** Changes after a version, oldest first; undefined when some are forgotten (410). */
  since(version: number): readonly Change[] | undefined;
  /** Forgets what happened up to now, as compaction does. */
  compact(): void;
  listen(listener: (change: Change) => void): () => void;
}

const KEPT = 5_000;

/** Kinds whose spec the real server does not count. */
const WITHOUT_GENERATION = new Set([
  'PersistentVolume',
  'PersistentVolumeClaim',
  'VolumeAttachment',
  'Namespace',
  'Node',
  'Service',
  'ServiceAccount',
  'Lease',
  'CSINode',
  'HorizontalPodAutoscaler',
  'ResourceQuota',
  'LimitRange',
]);

export function createStore(now: () => Date = () => new Date()): Store {
  const kinds = new Map<string, Map<string, Stored>>();
  const listeners = new Set<(change: Change) => void>();
  const admissions = new Map<string, ((object: Stored, standing?: Stored) => void)[]>();
  let changes: Change[] = [];
  let version = 1_000;
  let forgotten = version;

  const wordOf = ({ apiVersion, kind }: Kind) => `${apiVersion}/${kind}`;
  const admitted = (kind: Kind, object: Stored, standing?: Stored) => {
    for (const look of admissions.get(wordOf(kind)) ?? []) look(object, standing);
  };
  const tableOf = (kind: Kind) => {
    const key = wordOf(kind);
    const table = kinds.get(key) ?? new Map<string, Stored>();
    kinds.set(key, table);
    return table;
  };
  const keyOf = (kind: Kind, name: string, namespace?: string) => (kind.namespaced ? `${namespace}/${name}` : name);
  const missing = (kind: Kind, name: string) => new Refused(404, 'NotFound', `${titleOf(kind)} "${name}" not found`);

  function tell(type: Change['type'], kind: Kind, object: Stored): Stored {
    version += 1;
    object.metadata.resourceVersion = String(version);
    const change: Change = { type, kind, object: structuredClone(object), version };
    changes.push(change);
    if (changes.length > KEPT) forgotten = changes.splice(0, changes.length - KEPT).at(-1)?.version ?? forgotten;
    queueMicrotask(() => {
      for (const listener of [...listeners]) listener(change);
    });
    return structuredClone(object);
  }

  function write(kind: Kind, next: Stored): Stored {
    const table = tableOf(kind);
    const key = keyOf(kind, next.metadata.name, next.metadata.namespace);
    const standing = table.get(key);
    if (!standing) throw missing(kind, next.metadata.name);
    next.metadata.uid = standing.metadata.uid;
    next.metadata.creationTimestamp = standing.metadata.creationTimestamp as Date;
    next.metadata.resourceVersion = standing.metadata.resourceVersion;
    if (standing.metadata.generation !== undefined) next.metadata.generation = standing.metadata.generation;
    if (standing.metadata.deletionTimestamp) next.metadata.deletionTimestamp = standing.metadata.deletionTimestamp;
    if (JSON.stringify(next) === JSON.stringify(standing)) return structuredClone(standing);
    admitted(kind, next, standing);
    if (standing.metadata.generation !== undefined && countedSpec(kind, next) !== countedSpec(kind, standing))
      next.metadata.generation = standing.metadata.generation + 1;
    const held = (next.metadata.finalizers ?? []).length > 0;
    if (
      next.metadata.deletionTimestamp &&
      !held &&
      !(kind.kind === 'Pod' && next.metadata.deletionGracePeriodSeconds)
    ) {
      table.delete(key);
      // Seen: the last event shows the object as it stood, with the finalizer that was just taken off.
      return tell('DELETED', kind, structuredClone(standing));
    }
    table.set(key, next);
    return tell('MODIFIED', kind, next);
  }

  return {
    get(kind, name, namespace) {
      const found = tableOf(kind).get(keyOf(kind, name, namespace));
      return found && structuredClone(found);
    },
    list: (kind, namespace, fits = () => true) =>
      [...tableOf(kind).values()]
        .filter((object) => (namespace === undefined || object.metadata.namespace === namespace) && fits(object))
        .map((object) => structuredClone(object)),
    create(kind, object) {
      const made = structuredClone(object) as Stored;
      const { name, generateName } = made.metadata ?? {};
      made.metadata = { ...made.metadata, name: name ?? `${generateName}${randomUUID().slice(0, 5)}` };
      const table = tableOf(kind);
      const key = keyOf(kind, made.metadata.name, made.metadata.namespace);
      if (table.has(key))
        throw new Refused(409, 'AlreadyExists', `${titleOf(kind)} "${made.metadata.name}" already exists`);
      made.apiVersion = kind.apiVersion;
      made.kind = kind.kind;
      made.metadata.uid = object.metadata?.uid ?? randomUUID();
      made.metadata.creationTimestamp = now().toISOString().replace(/\.\d+/, '') as unknown as Date;
      if (made.spec !== undefined && !WITHOUT_GENERATION.has(kind.kind)) made.metadata.generation = 1;
      admitted(kind, made);
      table.set(key, made);
      return tell('ADDED', kind, made);
    },
    update(kind, object) {
      const next = structuredClone(object) as Stored;
      const standing = tableOf(kind).get(keyOf(kind, next.metadata.name, next.metadata.namespace));
      if (!standing) throw missing(kind, next.metadata.name);
      const { resourceVersion, uid } = next.metadata;
      if (uid !== undefined && uid !== standing.metadata.uid) throw conflict(kind, next.metadata.name, 'uid');
      if (resourceVersion !== undefined && resourceVersion !== standing.metadata.resourceVersion)
        throw conflict(kind, next.metadata.name, 'version');
      return write(kind, next);
    },
    edit(kind, name, namespace, edit) {
      const standing = tableOf(kind).get(keyOf(kind, name, namespace));
      if (!standing) return undefined;
      const next = structuredClone(standing);
      edit(next);
      return write(kind, next);
    },
    remove(kind, name, namespace, { graceSeconds = 0, uid } = {}) {
      const table = tableOf(kind);
      const key = keyOf(kind, name, namespace);
      const standing = table.get(key);
      if (!standing) throw missing(kind, name);
      if (uid !== undefined && uid !== standing.metadata.uid) throw conflict(kind, name, 'uid');
      const isHeld = (standing.metadata.finalizers ?? []).length > 0 || graceSeconds > 0;
      const next = structuredClone(standing);
      if (!isHeld) {
        // the end of a grace is told before the end of the object (trace 01)
        if ((next.metadata.deletionGracePeriodSeconds ?? 0) > 0) {
          next.metadata.deletionTimestamp = now().toISOString().replace(/\.\d+/, '') as unknown as Date;
          next.metadata.deletionGracePeriodSeconds = 0;
          tell('MODIFIED', kind, next);
        }
        table.delete(key);
        return tell('DELETED', kind, next);
      }
      const before = standing.metadata.deletionGracePeriodSeconds;
      if (before !== undefined && before <= graceSeconds) return structuredClone(standing);
      const end = new Date(now().getTime() + graceSeconds * 1_000);
      next.metadata.deletionTimestamp = end.toISOString().replace(/\.\d+/, '') as unknown as Date;
      next.metadata.deletionGracePeriodSeconds = graceSeconds;
      if (before === undefined && next.metadata.generation !== undefined) next.metadata.generation += 1;
      table.set(key, next);
      return tell('MODIFIED', kind, next);
    },
    admit: (kind, look) => admissions.set(wordOf(kind), [...(admissions.get(wordOf(kind)) ?? []), look]),
    version: () => version,
    since: (from) => (from < forgotten ? undefined : changes.filter((change) => change.version > from)),
    compact() {
      forgotten = version;
      changes = [];
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Binding a pod to its node is no change of what is asked for. */
function countedSpec({ kind }: Kind, { spec }: Stored): string {
  return JSON.stringify(kind === 'Pod' ? { ...spec, nodeName: undefined } : spec);
}

/** As the real server writes it: `deployments.apps`, `pods`. */
export function titleOf({ apiVersion, plural }: Kind): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? plural : `${plural}.${group}`;
}

function conflict(kind: Kind, name: string, what: 'uid' | 'version'): Refused {
  const why =
    what === 'uid'
      ? 'Precondition failed: UID in precondition and UID in object meta differ'
      : 'the object has been modified; please apply your changes to the latest version and try again';
  return new Refused(409, 'Conflict', `Operation cannot be fulfilled on ${titleOf(kind)} "${name}": ${why}`);
}
