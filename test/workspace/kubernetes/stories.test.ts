import { chmod, chown, link, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Operation } from '../../../src/records/operation.ts';
import { CLAIM, CONFIG_MAP, DEPLOYMENT, STATEFUL_SET, VOLUME } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, NOTES } from '../../../src/workspace/kubernetes/names.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { compare, type Tree } from '../../walker.ts';
import { alice, createStoryWorld, type StoryWish, type StoryWorld } from './story-world.ts';

const LAYOUTS: readonly (readonly [string, StoryWish & { readonly isInPlace?: boolean }])[] = [
  ['ECS with Longhorn', { make: makeEcsLonghorn }],
  ['OpenShift with Ceph', { make: makeOpenshiftCeph }],
  [
    'external NFS, folders beside allowed',
    { make: makeExternalNfs, platform: { parts: { 'projects-pvc': { beside: true } } } },
  ],
  ['external NFS, written in place', { make: makeExternalNfs, isInPlace: true }],
];

/** Owners, modes and links beyond those that the layout comes with. */
async function addTrees({ layout }: StoryWorld): Promise<void> {
  for (const { name } of layout.parts) {
    const folder = join(layout.directoryOf(name), 'kept');
    await mkdir(folder, { mode: 0o700 });
    await layout.write(name, 'kept/secret', `only theirs in ${name}`);
    await chmod(join(folder, 'secret'), 0o600);
    await link(join(folder, 'secret'), join(folder, 'again'));
    await symlink('secret', join(folder, 'there'));
    for (const path of [join(folder, 'secret'), folder]) await chown(path, 8536, 26);
  }
}

/** A release later: files changed, made and removed, other settings, another image. */
async function moveOn({ layout, lab }: StoryWorld): Promise<void> {
  for (const { name } of layout.parts) {
    await layout.write(name, 'kept/secret', 'changed');
    await layout.write(name, 'new/file', 'made since');
    await rm(join(layout.directoryOf(name), 'kept', 'there'));
  }
  await rm(join(layout.directoryOf('projects-pvc'), 'projects', '0', '2'), { recursive: true });
  lab.store.edit(CONFIG_MAP, 'cdsw-config', WORKSPACE, (map) => {
    Object.assign(map, { data: { ...map.data, VERSION: '2.0.46' } });
  });
  lab.store.edit(DEPLOYMENT, 'web', WORKSPACE, ({ spec }) => {
    spec.template.spec.containers[0].image = 'cdsw/web:2.0.46';
  });
  await layout.allUp();
}

/** What makes it run, as far as it was changed, and how many of each there are. */
function definitionOf({ lab: { store } }: StoryWorld): unknown {
  const counts = [DEPLOYMENT, STATEFUL_SET].flatMap((kind) =>
    store.list(kind, WORKSPACE).map(({ metadata, spec }) => `${metadata.name} ${spec.replicas}`),
  );
  const images = store.list(DEPLOYMENT, WORKSPACE).map(({ spec }) => spec.template.spec.containers[0].image);
  return { counts, images, settings: store.get(CONFIG_MAP, 'cdsw-config', WORKSPACE)?.data };
}

/** What becomes of the bytes of each claim when it is deleted. */
function policiesOf({ lab: { store } }: StoryWorld): string[] {
  const said = store.list(CLAIM, WORKSPACE).map(({ metadata, spec }) => {
    const volume = store.get(VOLUME, spec.volumeName);
    return `${metadata.name} ${volume?.spec.persistentVolumeReclaimPolicy}`;
  });
  return said.sort();
}

function differences(before: Record<string, Tree>, after: Record<string, Tree>): string[] {
  return Object.entries(before).flatMap(([part, tree]) =>
    compare(tree, after[part] as Tree).map((difference) => `${part}: ${difference}`),
  );
}

/** Pods of movers that are made between the first write that stops a service and the last that starts one. */
function watchMovers({ lab: { store } }: StoryWorld): () => string[] {
  let isDown = false;
  const madeWhileDown: string[] = [];
  store.listen(({ type, kind, object }) => {
    const { annotations = {}, labels = {}, name } = object.metadata;
    if (kind.kind === 'StatefulSet' && name === 'db') isDown = annotations[NOTES.ran] !== undefined;
    if (isDown && type === 'ADDED' && kind.kind === 'Pod' && labels[LABELS.role] === 'mover') madeWhileDown.push(name);
  });
  return () => madeWhileDown;
}

const ended = ({ status, error }: Operation) => ({ status, error });
const backupOf = ({ id }: Operation) => id.replace('op_', 'bkp_');
const SUCCEEDED = { status: 'succeeded', error: undefined };

describe.each(LAYOUTS)('a workspace on %s', { timeout: 150_000 }, (_name, wish) => {
  it('is backed up, restored, put back by an undo, and its backup deleted, byte for byte', async () => {
    const world = await createStoryWorld(wish);
    onTestFinished(() => world.dispose());
    const { layout, orchestrator } = world;
    await addTrees(world);
    const [before, definition, policies] = [await world.trees(), definitionOf(world), policiesOf(world)];

    const madeWhileDown = watchMovers(world);
    const made = await world.backUp();
    expect(ended(made)).toEqual(SUCCEEDED);
    expect(madeWhileDown()).toEqual([]);
    const backup = backupOf(made);
    expect(await orchestrator.listBackups({})).toMatchObject([{ id: backup, status: 'completed' }]);
    await layout.allUp();
    expect([...world.ours(), ...world.notes()]).toEqual([]);
    expect(differences(before, await world.trees())).toEqual([]);
    expect(policiesOf(world)).toEqual(policies);

    await moveOn(world);
    const [later, laterDefinition] = [await world.trees(), definitionOf(world)];
    expect(differences(before, later)).not.toEqual([]);
    const restored = await world.approved(orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE }));
    expect(ended(restored)).toEqual(SUCCEEDED);
    await layout.allUp();
    expect(differences(before, await world.trees())).toEqual([]);
    expect(definitionOf(world)).toEqual(definition);
    expect(policiesOf(world)).toEqual(policies);
    // What a restore displaced stays, with what is written down of it; what was written over does not.
    const kept = world.ours().filter((one) => !/^\w+ (displaced|record) /.test(one));
    expect([...kept, ...world.notes()]).toEqual([]);
    expect(world.ours().length > 0).toBe(wish.isInPlace !== true);

    // What was written over stands in the safety backup.
    const undone = await world.approved(
      wish.isInPlace
        ? orchestrator.requestRestore(alice, { backup: backupOf(restored), confirm: WORKSPACE })
        : orchestrator.requestUndo(alice, { operation: restored.id, confirm: WORKSPACE }),
    );
    expect(ended(undone)).toEqual(SUCCEEDED);
    await layout.allUp();
    expect(differences(later, await world.trees())).toEqual([]);
    expect(definitionOf(world)).toEqual(laterDefinition);

    await world.sweepAfterDays(30);
    expect([...world.ours(), ...world.notes()]).toEqual([]);
    const deleted = await world.approved(orchestrator.requestDelete(alice, { backup, confirm: WORKSPACE }));
    expect(ended(deleted)).toEqual(SUCCEEDED);
    expect((await orchestrator.listBackups({})).map(({ id }) => id)).not.toContain(backup);
  });
});
