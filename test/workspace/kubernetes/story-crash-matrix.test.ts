import { describe, expect, test } from 'vitest';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { deathsAt, dieEachTime, isWhole } from './matrix-deaths.ts';
import { expectServicesAsBefore, pictureOf } from './matrix-judge.ts';
import { expectSame, type Scene, type Story, tellBackup, tellRestore } from './matrix-scenes.ts';
import { alice, type Death, type MatrixWorld } from './matrix-world.ts';

const TOUCHES_A_CLAIM = /^delete PersistentVolumeClaim (?!cml-)/;

/**
 * `cml start` by a process that knows of no journal, from what stands in the cluster alone: enough until a live claim was
 * touched; then it puts data and definition back first.
 */
async function startByHand(world: MatrixWorld, story: Story, scene: Scene, death: Death): Promise<string> {
  const stranger = await world.live(await world.scenario());
  const { putBack } = await stranger.orchestrator.startServices(alice, WORKSPACE);
  await expectServicesAsBefore(world, scene.before);
  const after = await pictureOf(world);
  const done = scene.mortal.writes().slice(0, death.when === 'before' ? death.at - 1 : death.at);
  if (putBack.length > 0 || !done.some((write) => TOUCHES_A_CLAIM.test(write))) {
    expectSame(scene.before, after);
    return putBack.length > 0 ? 'put back by hand' : 'started by hand';
  }
  // Served before it died, or put back by itself.
  const is = story.outcomes(scene).find(({ definition }) => definition === after.definition);
  expectSame(is ?? scene.before, after);
  return 'started by hand';
}

/** What stands before a write is what stood after the one before it: so each is tried by hand and without. */
async function dieAndComeBack(world: MatrixWorld, story: Story, death: Death): Promise<string> {
  const scene = await story.die(world, death);
  const by = death.when === 'before' ? await startByHand(world, story, scene, death) : 'taken up';
  const end = await story.judge(world, scene, await world.live(scene.scenario));
  return `${by}, ${end}`;
}

describe('wherever its process dies,', { timeout: isWhole ? 3_600_000 : 300_000 }, () => {
  test('a backup leaves services as they were, nothing of ours, and a backup that is whole or none', async () => {
    const story = await tellBackup();
    const deaths = deathsAt(story.writes, (_, at) => at % 6 === 1);
    const problems = await dieEachTime('a backup', story.writes, deaths, (world, death) =>
      dieAndComeBack(world, story, death),
    );
    expect(problems).toEqual([]);
  });

  test('a restore leaves services as they were, nothing of ours, and data wholly old or wholly new', async () => {
    const story = await tellRestore();
    // Around the swap more of them: there it is decided which data stays.
    const deaths = deathsAt(story.writes, (write, at) => at % 9 === 5 || TOUCHES_A_CLAIM.test(write));
    const problems = await dieEachTime('a restore', story.writes, deaths, (world, death) =>
      dieAndComeBack(world, story, death),
    );
    expect(problems).toEqual([]);
  });
});
