import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summaryOf } from './controllers/nodes.ts';
import { startStorage } from './controllers/start-storage.ts';
import { startWorkloads } from './controllers/start-workloads.ts';
import type { Storage, StorageOptions } from './controllers/storage.ts';
import { admit } from './controllers/webhook.ts';
import { createWorld, type World, type WorldOptions } from './controllers/world.ts';
import { createKubeDouble, type KubeDouble, type KubeDoubleOptions } from './double.ts';

/** The double of the API server with everything alive behind it. */
export interface KubeLab extends KubeDouble {
  readonly world: World;
  readonly storage: Storage;
}

export interface KubeLabOptions extends KubeDoubleOptions, StorageOptions {
  readonly delays?: NonNullable<WorldOptions['delays']>;
  /** Where volumes lie; on btrfs snapshots take no longer for more bytes. Absent: a temporary folder. */
  readonly folder?: string;
}

export async function createKubeLab(options: KubeLabOptions = {}): Promise<KubeLab> {
  const double = await createKubeDouble(options);
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'kube-lab-'));
  const { now = () => new Date(), delays = {} } = options;
  const world = createWorld({ store: double.store, folder, now, delays });
  showLogs(world, double);
  const storage = await startStorage(world, options);
  startWorkloads(world);
  double.serve((path) => {
    const node = /^\/api\/v1\/nodes\/([^/]+)\/proxy\/stats\/summary$/.exec(path)?.[1];
    return node === undefined ? undefined : summaryOf(world, node);
  });
  double.admit(({ operation, request, object }) => {
    if (operation === 'CREATE') admit(world, request.served.kind, object);
  });
  double.onDispose(async () => {
    await world.stop();
    await storage.disk.rest();
    await rm(folder, { recursive: true, force: true });
  });
  return { ...double, world, storage };
}

/** What programs of pods write can be read over the API, line by line. */
function showLogs({ logs }: World, double: KubeDouble): void {
  const { append, end } = logs;
  const begun = new Map<string, string>();
  logs.append = (uid, container, text) => {
    append(uid, container, text);
    const key = `${uid}/${container}`;
    const lines = `${begun.get(key) ?? ''}${text}`.split('\n');
    begun.set(key, lines.pop() ?? '');
    double.logs.open(uid, container);
    for (const line of lines) double.logs.write(uid, container, line);
  };
  logs.end = (uid, container) => {
    end(uid, container);
    const key = `${uid}/${container}`;
    double.logs.open(uid, container);
    if (begun.get(key)) double.logs.write(uid, container, begun.get(key) ?? '');
    begun.delete(key);
    double.logs.end(uid, container);
  };
}
