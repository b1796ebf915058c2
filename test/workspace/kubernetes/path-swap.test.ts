import { mkdir, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import type { FoundPart } from '../../../src/workspace/kubernetes/found.ts';
import { whyNotWithin } from '../../../src/workspace/kubernetes/stage-paths.ts';
import type { StagedPart, StageWish } from '../../../src/workspace/swaps.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { until } from '../local/bench.ts';
import { type ContractWorld, createContractWorld, type MakeLayout } from './contract-world.ts';

const FAR_AWAY = '2999-01-01T00:00:00.000Z';
const LATER = '2999-02-01T00:00:00.000Z';
const DIED = 'died';

async function stand(make: MakeLayout): Promise<ContractWorld> {
  const world = await createContractWorld(make);
  onTestFinished(() => world.dispose());
  return world;
}

/** The folder and the file of these names, and what there is of them now. */
const wishesFor = (part: string): StageWish[] => [
  { part, within: 'alice/models', is: 'folder', bytes: 10 },
  { part, within: 'notes.txt', is: 'file', bytes: 10 },
];
const FILES = ['alice/models/a', 'alice/models/b', 'notes.txt', 'stays'];
const OLD = ['old', 'old', 'old', 'old'];
const NEW = ['new', undefined, 'new', 'old'];
const live = (world: ContractWorld, part: string) => Promise.all(FILES.map((file) => world.read(part, file)));

async function stage(world: ContractWorld, part: string, operationId = world.operationId): Promise<StagedPart[]> {
  const staged = await world.platform.stage(operationId, wishesFor(part));
  await world.writeStaged(staged[0]?.path ?? '', 'a', 'new');
  await world.writeStaged(staged[1]?.path ?? '', 'notes.txt', 'new');
  return staged;
}

async function down({ platform, operationId }: ContractWorld, id = operationId) {
  const note = await platform.noteRunning(id);
  return { note, quiet: await platform.stop(note) };
}

async function writeOld(world: ContractWorld, part: string): Promise<void> {
  for (const file of FILES) await world.write(part, file, 'old');
}

const LAYOUTS = [
  ['a folder served in the workspace (ECS with Longhorn)', makeEcsLonghorn],
  ['a folder of the cluster (OpenShift with Ceph)', makeOpenshiftCeph],
  ['a folder of a file server (external NFS)', makeExternalNfs],
] as const;

describe.each(LAYOUTS)('single paths of %s', (_name, make) => {
  it('are swapped, kept out of backups, brought back by an undo, and leave nothing', async () => {
    const world = await stand(make);
    const { platform, operationId, otherOperationId, layout } = world;
    const part = layout.parts.find(({ kind }) => kind === 'shared-folder')?.name ?? '';
    await writeOld(world, part);
    const before = (await readdir(layout.directoryOf(part))).sort();
    const staged = await stage(world, part);
    const first = await down(world);
    await platform.commit(operationId, staged, first.quiet);
    expect(await live(world, part)).toEqual(NEW);
    await platform.start(first.note);
    const places = await platform.keepDisplaced(operationId, FAR_AWAY);
    await platform.release(operationId);
    expect(places).toHaveLength(2);
    const left = (await platform.inspect()).parts.find(({ name }) => name === part)?.exclude ?? [];
    const folders = (await readdir(layout.directoryOf(part))).filter((name) => name.startsWith('.cml-op_'));
    expect(folders).toHaveLength(2);
    for (const life of ['live', 'snapshot'])
      expect(left).toEqual(expect.arrayContaining(folders.map((name) => `/mnt/cml/${life}/${part}/${name}`)));
    const offered = await platform.stageDisplaced(otherOperationId, operationId);
    const second = await down(world, otherOperationId);
    await platform.commit(otherOperationId, offered, second.quiet);
    expect(await live(world, part)).toEqual(OLD);
    await platform.start(second.note);
    await platform.keepDisplaced(otherOperationId, FAR_AWAY);
    await platform.release(otherOperationId);
    await platform.dropDisplaced(LATER);
    expect((await readdir(layout.directoryOf(part))).sort()).toEqual(before);
    await until('nothing is left', () => world.ours().length === 0, 5_000).catch(() =>
      expect(world.ours()).toEqual([]),
    );
  });
});

/** A process that dies right after so many writes: nothing it does later has any effect. */
function mortal(writes: number): (cluster: Cluster) => Cluster {
  let left = writes;
  return (cluster) => {
    const guarded = Object.entries(cluster).map(([name, call]) => {
      const isWrite = ['create', 'patch', 'replace', 'apply', 'remove'].includes(name);
      const work = async (...args: never[]) => {
        if (left <= 0) throw new Error(DIED);
        if (isWrite) left -= 1;
        const answer = await (call as (...all: never[]) => Promise<unknown>)(...args);
        if (left <= 0) throw new Error(DIED);
        return answer;
      };
      return [name, work];
    });
    return Object.fromEntries(guarded) as Cluster;
  };
}

async function untilDeath(life: Promise<unknown>): Promise<'lived' | 'died'> {
  try {
    await life;
    return 'lived';
  } catch (error) {
    if (error instanceof Error && error.message.includes(DIED)) return 'died';
    throw error;
  }
}

it.each([
  [['ReadWriteOncePod'], 'Filesystem', /ReadWriteOncePod/],
  [['ReadWriteOnce'], 'Block', /bare device/],
  [['ReadOnlyMany'], 'Filesystem', /may only be read/],
  [['ReadWriteOnce'], 'Filesystem', undefined],
])('single paths of a claim that is %s and %s: %s', (accessModes, volumeMode, said) => {
  const part = { name: 'data', claim: { spec: { accessModes, volumeMode } } } as unknown as FoundPart;
  if (said === undefined) expect(whyNotWithin(part)).toBeUndefined();
  else expect(whyNotWithin(part)).toMatch(said);
});

describe('single paths', { timeout: 120_000 }, () => {
  it('are put back whole by another life wherever one dies, which may die too, and nothing starts half-way', async () => {
    const world = await stand(makeOpenshiftCeph);
    const { platform, operationId } = world;
    const [part = ''] = world.parts;
    await writeOld(world, part);
    const staged = await stage(world, part);
    let { note, quiet } = await down(world);
    let refused = 0;
    let writes = 1;
    for (let end = 'died'; end === 'died'; writes += 1) {
      end = await untilDeath(world.through(mortal(writes)).commit(operationId, staged, quiet));
      const stands = await live(world, part);
      const started = await platform.start(note).catch((error: { code?: string }) => error.code);
      if (started === 'unknown-data') refused += 1;
      else expect([OLD, NEW]).toContainEqual(stands);
      if (started !== 'unknown-data') ({ note, quiet } = await down(world));
      await untilDeath(world.through(mortal(1 + (writes % 5))).revert(operationId));
      await platform.revert(operationId);
      expect(await live(world, part)).toEqual(OLD);
      expect(await platform.isReverted(operationId)).toBe(true);
      await platform.release(operationId);
      await stage(world, part);
    }
    expect(refused).toBeGreaterThan(2);
    await platform.start(note);
  });

  it('stay put back whatever a life that was overtaken still begins', async () => {
    const world = await stand(makeOpenshiftCeph);
    const { platform, operationId } = world;
    const [part = ''] = world.parts;
    await writeOld(world, part);
    const staged = await stage(world, part);
    const { note, quiet } = await down(world);
    let tellMade = () => {};
    const isMade = new Promise<void>((resolve) => {
      tellMade = resolve;
    });
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const overtaken = world.through((cluster) => ({
      ...cluster,
      async create(kind, object, ...rest) {
        if (kind.kind === 'Job') {
          tellMade();
          await held;
        }
        return cluster.create(kind, object, ...rest);
      },
    }));
    const late = expect(overtaken.commit(operationId, staged, quiet)).rejects.toMatchObject({ code: 'swap-failed' });
    await isMade;
    await platform.revert(operationId);
    goOn();
    await late;
    expect(await live(world, part)).toEqual(OLD);
    await platform.revert(operationId);
    await platform.start(note);
    await platform.release(operationId);
  });

  it('are refused where a link leads out of the part, where they are ours, and where they do not fit', async () => {
    const world = await stand(makeOpenshiftCeph);
    const { platform, operationId, layout } = world;
    const [part = ''] = world.parts;
    await writeOld(world, part);
    await symlink(tmpdir(), join(layout.directoryOf(part), 'out'));
    await mkdir(join(layout.directoryOf(part), '.cml-op_0000000009-path-0'));
    const asked: [StageWish, RegExp][] = [
      [{ part, within: 'out/file', is: 'file' }, /leads out of its part|is not there/],
      [{ part, within: '.cml-op_0000000009-path-0', is: 'folder' }, /is a folder of ours/],
      [{ part, within: 'notes.txt', is: 'file', bytes: 1e15 }, /there is no room/],
    ];
    for (const [wish, said] of asked)
      await expect(platform.stage(operationId, [wish])).rejects.toMatchObject({
        code: 'preflight-failed',
        message: expect.stringMatching(said),
      });
    await platform.release(operationId);
    expect(await live(world, part)).toEqual(OLD);
  });
});
