import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { compare, type Tree } from '../../walker.ts';
import { alice, createStoryWorld } from './story-world.ts';

const FOLDER = 'team/models';
const FILE = 'notes.txt';

it('single paths of volumes and folders come back as they were, beside a later backup, and an undo takes them back', {
  timeout: 150_000,
}, async () => {
  const world = await createStoryWorld({ make: makeEcsLonghorn });
  onTestFinished(() => world.dispose());
  const { layout, orchestrator } = world;
  const parts = layout.parts.map(({ name }) => name);
  for (const part of parts) {
    const folder = join(layout.directoryOf(part), FOLDER);
    for (const path of [`${FOLDER}/a`, `${FOLDER}/b`, FILE]) await layout.write(part, path, `old ${part}`);
    await chmod(folder, 0o2750);
    await chown(folder, 8536, 26);
  }
  const before = await world.trees();
  // The folders that hold what was renamed have a new time.
  const differencesTo = async (trees: typeof before) => {
    const now = await world.trees();
    const all = parts.flatMap((part) => compare(trees[part] as Tree, now[part] as Tree));
    return all.filter((one) => !/^(\.|team): time of change|\.cml-op_/.test(one));
  };
  const made = await world.backUp();
  expect(made.error).toBeUndefined();
  for (const part of parts) {
    await layout.write(part, `${FOLDER}/a`, 'later');
    await layout.write(part, FILE, 'later');
    await layout.write(part, 'stays', 'later');
  }
  const later = await world.trees();
  const only = parts.flatMap((part) => [`${part}/${FOLDER}`, `${part}/${FILE}`]);
  const backup = made.id.replace('op_', 'bkp_');
  const restored = await world.approved(orchestrator.requestRestore(alice, { backup, only, confirm: WORKSPACE }));
  expect(restored.error).toBeUndefined();
  await layout.allUp();
  expect(await differencesTo(later)).not.toEqual([]);
  expect((await differencesTo(before)).every((one) => one.includes('stays'))).toBe(true);
  // What was displaced stands in the same volumes, and no backup takes it along.
  const again = await world.backUp();
  const [newest] = (await orchestrator.listBackups({})).filter(({ id }) => id.endsWith(again.id.slice(3)));
  const first = (await orchestrator.listBackups({})).find(({ id }) => id === backup);
  const filesOf = (one: typeof first) => one?.parts.map(({ files }) => files);
  expect(filesOf(newest)).toEqual(filesOf(first)?.map((files) => files + 1));
  const undone = await world.approved(orchestrator.requestUndo(alice, { operation: restored.id, confirm: WORKSPACE }));
  expect(undone.error).toBeUndefined();
  await world.sweepAfterDays(30);
  expect(await differencesTo(later)).toEqual([]);
  expect([...world.ours(), ...world.notes()]).toEqual([]);
});
