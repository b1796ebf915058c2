import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CLAIM,
  CRON_JOB,
  DEPLOYMENT,
  type Kind,
  POD,
  SNAPSHOT_CONTENT,
  STATEFUL_SET,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import { type Tree, walk } from '../../../walker.ts';
import { deleteObject } from '../controllers/garbage.ts';
import type { KubeLab } from '../lab.ts';
import type { Stored } from '../store.ts';

export const WORKSPACE = 'workspace1';

export interface LayoutOptions {
  /** Three services: `web`, `db`, `ds-operator`; two volumes and the shared folder; no sessions. */
  readonly small?: boolean;
  /** Namespaces of users with a session each. Default 1, none when small. */
  readonly users?: number;
  /** With a service that must let every new pod in. */
  readonly evaluator?: boolean;
}

export interface LayoutPart {
  /** Of the claim and of the part. */
  readonly name: string;
  readonly kind: 'volume' | 'shared-folder';
  readonly location: 'internal' | 'external';
  /** Of the storage that holds the bytes; absent where it cannot snapshot. */
  readonly driver?: string;
}

/** A workspace on a cluster, and what a test does to it behind everyone's back. */
export interface Layout {
  readonly name: 'ecs-longhorn' | 'openshift-ceph' | 'external-nfs';
  readonly lab: KubeLab;
  readonly namespace: string;
  readonly userNamespaces: readonly string[];
  /** What is stopped for a backup. */
  readonly services: readonly string[];
  readonly parts: readonly LayoutPart[];
  /** Where the files of a part are now. @throws Error when its claim is not bound. */
  directoryOf(part: string): string;
  write(part: string, path: string, content: string | Uint8Array): Promise<void>;
  read(part: string, path: string): Promise<string>;
  walk(part: string): Promise<Tree>;
  /** All its pods are there and ready; a CronJob: not suspended. */
  isUp(service: string): boolean;
  /** Resolves when every service is up; rejects with the names of those that are not. */
  allUp(withinMs?: number): Promise<void>;
  /** Scaled to nothing, or suspended, by somebody else. */
  takeDown(service: string): void;
  bringUp(service: string, replicas?: number): void;
  /** Sessions end and their pods go. */
  endSessions(): Promise<void>;
  /** Directory of the snapshot behind a snapshot's content. */
  snapshotDirectory(content: string): string;
}

export interface Built {
  readonly name: Layout['name'];
  readonly lab: KubeLab;
  readonly userNamespaces: readonly string[];
  readonly services: readonly string[];
  readonly parts: readonly LayoutPart[];
}

export function createLayout(built: Built): Layout {
  const { lab, services, userNamespaces } = built;
  const { store, world, storage } = lab;
  const find = (service: string): [Kind, Stored] | undefined => {
    for (const kind of [DEPLOYMENT, STATEFUL_SET, CRON_JOB]) {
      const object = store.get(kind, service, WORKSPACE);
      if (object) return [kind, object];
    }
    return undefined;
  };
  const scale = (service: string, replicas: number) => {
    const [kind] = find(service) ?? [];
    if (!kind) throw new Error(`there is no service ${service}`);
    store.edit(kind, service, WORKSPACE, ({ spec }) => {
      if (kind === CRON_JOB) spec.suspend = replicas === 0;
      else spec.replicas = replicas;
    });
  };
  const layout: Layout = {
    ...built,
    namespace: WORKSPACE,
    directoryOf(part) {
      const volume = store.get(CLAIM, part, WORKSPACE)?.spec.volumeName;
      if (!volume) throw new Error(`claim ${part} is not bound`);
      return world.directoryOf(volume);
    },
    async write(part, path, content) {
      const file = join(layout.directoryOf(part), path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    },
    read: (part, path) => readFile(join(layout.directoryOf(part), path), 'utf8'),
    walk: (part) => walk(layout.directoryOf(part)),
    isUp(service) {
      const [kind, object] = find(service) ?? [];
      if (!kind || !object) return false;
      if (kind === CRON_JOB) return object.spec.suspend !== true;
      const wanted = object.spec.replicas ?? 1;
      return wanted > 0 && object.status?.readyReplicas === wanted && readyPods(lab, object) === wanted;
    },
    allUp: (withinMs = 15_000) =>
      eventually(lab, withinMs, () => {
        const down = services.filter((service) => !layout.isUp(service));
        return down.length === 0 ? undefined : `not up: ${down.join(', ')}`;
      }),
    takeDown: (service) => scale(service, 0),
    bringUp: (service, replicas = 1) => scale(service, replicas),
    async endSessions() {
      for (const namespace of userNamespaces)
        for (const { metadata } of store.list(POD, namespace)) deleteObject(world, POD, metadata.name, namespace);
      await eventually(lab, 15_000, () =>
        userNamespaces.some((namespace) => store.list(POD, namespace).length > 0) ? 'sessions still run' : undefined,
      );
    },
    snapshotDirectory(content) {
      const handle = store.get(SNAPSHOT_CONTENT, content)?.status?.snapshotHandle;
      if (!handle) throw new Error(`${content} has no snapshot`);
      return storage.snapshotFolder(handle);
    },
  };
  return layout;
}

function readyPods({ store }: KubeLab, owner: Stored): number {
  const labels: Record<string, string> = owner.spec.selector?.matchLabels ?? {};
  return store
    .list(POD, WORKSPACE)
    .filter(({ metadata }) => Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value))
    .filter(({ metadata, status }) => {
      const conditions: { type: string; status: string }[] = status?.conditions ?? [];
      return !metadata.deletionTimestamp && conditions.some((one) => one.type === 'Ready' && one.status === 'True');
    }).length;
}

/** Looks again soon after every change, until nothing is missing any more. */
export function eventually(lab: KubeLab, withinMs: number, missing: () => string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let next: NodeJS.Timeout | undefined;
    const look = () => {
      next = undefined;
      if (missing() === undefined) end(resolve);
    };
    const late = setTimeout(() => {
      const why = new Error(`after ${withinMs} ms ${missing()}`, { cause: lab.world.failures[0] });
      end(() => reject(why));
    }, withinMs);
    const stop = lab.store.listen(() => {
      next ??= setTimeout(look, 5);
    });
    function end(settle: () => void): void {
      stop();
      clearTimeout(late);
      clearTimeout(next);
      settle();
    }
    look();
  });
}
