/** The double of a cluster in a process of its own, so that what it costs is not counted as ours. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { putBackOf } from '../../src/workspace/kubernetes/guard-swaps.ts';
import { runGuard } from '../../src/workspace/kubernetes/run-guard.ts';
import { KILLED } from '../../test/fakes/kube-api/controllers/program.ts';
import { createKubeLab, type KubeLab } from '../../test/fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../test/fakes/kube-api/layouts/ecs-longhorn.ts';
import type { Stored } from '../../test/fakes/kube-api/store.ts';
import { serveRepository } from '../../test/fakes/rest-repository.ts';
import { makeKeyCheap } from './cheap-key.ts';
import type { Answer, Asked, DoubleWish, StartedDouble } from './double.ts';
import { makeManyWorkspaces } from './many-workspaces.ts';

const GUARD_TOKEN = 'a-guard';

async function main(wish: DoubleWish): Promise<void> {
  const lab = await createKubeLab({ folder: wish.folder });
  Object.assign(lab.world.podEnvironment, wish.environment);
  const workspaces = await layOut(lab, wish);
  const repositories: Record<string, string> = {};
  const empty = join(wish.folder, 'empty-repository');
  await cp(wish.emptyRepository, empty, { recursive: true });
  if (wish.many) await makeKeyCheap(empty, wish.password);
  for (const name of Object.keys(workspaces)) {
    const folder = join(wish.folder, `repository-${name}`);
    await cp(empty, folder, { recursive: true });
    repositories[name] = (await serveRepository(folder)).location;
  }
  process.on('message', ({ id, asked }: { id: number; asked: Asked }) => reply({ id, ...answer(lab, asked) }));
  process.on('disconnect', () => void lab.dispose().finally(() => process.exit(0)));
  reply({ started: { kubeconfig: lab.kubeconfig, workspaces, repositories } satisfies StartedDouble });
}

/** Folders of the parts of each workspace. */
async function layOut(lab: KubeLab, { many, folder }: DoubleWish): Promise<Record<string, Record<string, string>>> {
  if (many !== undefined) {
    lab.world.runInside = (pod) => guardInside(lab, pod);
    const names = await makeManyWorkspaces(lab, many.count, many.moversAtOnce);
    return Object.fromEntries(names.map((name) => [name, {}]));
  }
  guardsHaveTheirOwnToken(lab, folder);
  const layout = await makeEcsLonghorn(lab, { small: true });
  const folders = layout.parts.map(({ name }) => [name, layout.directoryOf(name)] as const);
  return { [layout.namespace]: Object.fromEntries(folders) };
}

/** Pods ask in a name of their own. */
function guardsHaveTheirOwnToken({ world, kubeconfig }: KubeLab, folder: string): void {
  const own = join(folder, 'kubeconfig-of-pods');
  writeFileSync(own, readFileSync(kubeconfig, 'utf8').replaceAll('a-token', GUARD_TOKEN), { mode: 0o600 });
  world.podEnvironment.KUBECONFIG = own;
  world.imagePaths.push(own);
}

/** The guard's own code, but hundreds of them in one process: a Node.js for each would take all memory of one machine. */
function guardInside(lab: KubeLab, { metadata, spec }: Stored) {
  if (metadata.labels?.['cml-backup/role'] !== 'guard') return undefined;
  const [namespace, operationId] = (spec.containers[0].command as string[]).slice(-2);
  if (namespace === undefined || operationId === undefined) throw new Error('a guard without an operation');
  guards ??= lab.cluster(undefined, GUARD_TOKEN);
  const log = createLog({ write: () => undefined }, 'silent');
  const world = { cluster: guards, clock: systemClock, log, putBack: putBackOf() };
  let end = (_code: number) => {};
  const ended = new Promise<number>((resolve, reject) => {
    end = resolve;
    runGuard({ namespace, operationId }, world).then(() => resolve(0), reject);
  });
  return { ended, end: () => end(143), kill: () => end(KILLED) };
}
let guards: ReturnType<KubeLab['cluster']> | undefined;

function answer({ world, requests, others, storage }: KubeLab, asked: Asked): Answer {
  if (asked.word === 'requests') return { now: performance.now(), requests, others };
  if (asked.word === 'failures') return { failures: world.failures.map(String) };
  Object.assign(world.delays, asked.pods);
  Object.assign(storage.waits, asked.volumes);
  for (const name of ['driver.longhorn.io']) Object.assign(storage.driver(name), asked.snapshots);
  return {};
}

function reply(message: object): void {
  process.send?.(message);
}

await main(JSON.parse(process.argv[2] ?? '') as DoubleWish);
