import { expect, onTestFinished } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { DEFINED, differences, expectAsBefore, type Picture, pictureOf, storedTrees } from './matrix-judge.ts';
import {
  createMatrixWorld,
  type Death,
  type Life,
  type LifeWish,
  type MatrixWorld,
  type Scenario,
} from './matrix-world.ts';

/** A story that was told once to its end, and dies in every other world. */
export interface Story {
  readonly writes: readonly string[];
  /** Begins in a world of its own and dies. */
  die(world: MatrixWorld, death: Death, wish?: LifeWish): Promise<Scene>;
  /** What the data may be, and the definition with it. */
  outcomes(scene: Scene): readonly Picture[];
  /** A later life has taken it up: services, data, what stayed. Answers how it ended. */
  judge(world: MatrixWorld, scene: Scene, next: Life): Promise<string>;
}

export interface Scene {
  readonly scenario: Scenario;
  readonly mortal: Life;
  readonly before: Picture;
}

export async function tellBackup(make?: Parameters<typeof createMatrixWorld>[0]): Promise<Story> {
  const world = await createMatrixWorld(make);
  onTestFinished(() => world.dispose());
  const whole = await world.live(await world.scenario());
  expect(await whole.backUp()).toMatchObject({ status: 'succeeded' });
  return {
    writes: whole.writes(),
    async die(mortalWorld, death, wish = {}) {
      const before = await pictureOf(mortalWorld);
      const scenario = await mortalWorld.scenario();
      const mortal = await mortalWorld.live(scenario, { ...wish, death });
      await untilDead(mortal, mortal.backUp());
      return { scenario, mortal, before };
    },
    outcomes: ({ before }) => [before],
    async judge(mortalWorld, { scenario, before }, next) {
      const [operation] = await next.recover();
      const after = await expectAsBefore(mortalWorld, before);
      expectSame(before, after);
      const backups = await next.orchestrator.listBackups({});
      const isMade = operation?.status === 'succeeded';
      expect(backups.map(({ status }) => status)).toEqual(isMade ? ['completed'] : []);
      if (isMade) expect(differences(before.trees, await storedTrees(scenario))).toEqual([]);
      else expect(scenario.repository.copies).toEqual([]);
      return operation?.status ?? 'none';
    },
  };
}

/** Of a backup from before every part and the definition went on. */
export async function tellRestore(): Promise<Story> {
  const world = await createMatrixWorld();
  onTestFinished(() => world.dispose());
  define(world, 'as it was at the backup');
  const base = await world.scenario();
  const backup = (await (await world.live(base)).backUp()).id.replace('op_', 'bkp_');
  const wanted = await pictureOf(world);
  await moveOn(world);
  const whole = await world.live(await world.scenario(base));
  expect(await whole.restore(backup)).toMatchObject({ status: 'succeeded' });
  expectSame(wanted, await pictureOf(world));
  return {
    writes: whole.writes(),
    async die(mortalWorld, death, wish = {}) {
      await moveOn(mortalWorld);
      const before = await pictureOf(mortalWorld);
      const scenario = await mortalWorld.scenario(base);
      const mortal = await mortalWorld.live(scenario, { ...wish, death });
      await untilDead(mortal, mortal.restore(backup));
      return { scenario, mortal, before };
    },
    outcomes: ({ before }) => [before, wanted],
    async judge(mortalWorld, { before }, next) {
      const [operation] = await next.recover();
      await mortalWorld.layout.allUp();
      expectSame(operation?.status === 'succeeded' ? wanted : before, await pictureOf(mortalWorld));
      // Who died while asking left no operation, only what it looked with: whoever looks next removes that.
      if (operation === undefined) await next.platform.inspect({ count: true });
      await next.orchestrator.sweep(); // what was displaced was to be kept for a millisecond
      await expectAsBefore(mortalWorld, before);
      return operation?.status ?? 'none';
    },
  };
}

async function untilDead({ died }: Life, story: Promise<unknown>): Promise<void> {
  if ((await Promise.race([story, died])) !== 'died') throw new Error('it did not die');
}

/** Data and definition, whole. */
export function expectSame(one: Picture, other: Picture): void {
  expect(other.definition).toBe(one.definition);
  expect(differences(one.trees, other.trees).slice(0, 3).join(' | ')).toBe('');
}

/** Changes everything that a restore brings back. */
async function moveOn(world: MatrixWorld): Promise<void> {
  const { layout } = world;
  for (const { name } of layout.parts) await layout.write(name, 'later/file', `made since in ${name}`);
  define(world, 'as it is since');
}

function define({ lab: { store } }: MatrixWorld, text: string): void {
  const metadata = { name: DEFINED, namespace: WORKSPACE };
  if (store.get(kinds.CONFIG_MAP, DEFINED, WORKSPACE))
    store.edit(kinds.CONFIG_MAP, DEFINED, WORKSPACE, (standing) => Object.assign(standing, { data: { text } }));
  else store.create(kinds.CONFIG_MAP, { metadata, data: { text } } as never);
}
