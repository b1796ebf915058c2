import { describe, expect, onTestFinished, test } from 'vitest';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import {
  differences,
  expectAsBefore,
  expectServicesAsBefore,
  type Picture,
  pictureOf,
  storedTrees,
} from './matrix-judge.ts';
import { alice, createMatrixWorld, type Death, type Life, type MatrixWorld } from './matrix-world.ts';

/** Every write with KUBE_MATRIX=1, else every fourth one, in turn before and after it. */
const isWhole = process.env.KUBE_MATRIX === '1';
const AT_ONCE = 3;

function deathsIn(writes: number): Death[] {
  const all = Array.from({ length: writes }, (_, at) => at + 1);
  if (isWhole) return all.flatMap((at) => [{ at, when: 'before' } as const, { at, when: 'after' } as const]);
  return all.filter((at) => at % 4 === 1).map((at, turn) => ({ at, when: turn % 2 === 0 ? 'before' : 'after' }));
}

/** Each in a world of its own; answers what went wrong, with the death that did it. */
async function dieEachTime(
  deaths: readonly Death[],
  scene: (world: MatrixWorld, death: Death, turn: number) => Promise<string>,
): Promise<{ readonly problems: string[]; readonly ends: Record<string, number> }> {
  const problems: string[] = [];
  const ends: Record<string, number> = {};
  const waiting = [...deaths.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [turn, death] = next;
      const world = await createMatrixWorld();
      try {
        const end = await scene(world, death, turn);
        ends[end] = (ends[end] ?? 0) + 1;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.push(`${death.when} write ${death.at}: ${why}`);
      } finally {
        await world.dispose();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { problems, ends };
}

function report(what: string, deaths: readonly Death[], writes: number, ends: object): void {
  process.stdout.write(`${what} died ${deaths.length} times in ${writes} writes: ${JSON.stringify(ends)}\n`);
}

/** Changes in every part since its backup. */
async function moveOn({ layout }: MatrixWorld): Promise<void> {
  for (const { name } of layout.parts) await layout.write(name, 'later/file', `made since in ${name}`);
}

const touchesLiveClaims = (writes: readonly string[]) =>
  writes.some((write) => /^delete PersistentVolumeClaim (?!cml-)/.test(write));

/** `cml start` alone: enough until a live claim was touched; then it puts back first, or refuses and starts nothing. */
async function startByHand(world: MatrixWorld, mortal: Life, next: Life, before: Picture): Promise<void> {
  try {
    await next.orchestrator.startServices(alice, WORKSPACE);
  } catch (error) {
    expect(error).toMatchObject({ code: 'unknown-data' });
    expect(touchesLiveClaims(mortal.writes())).toBe(true);
    expect(world.layout.services.filter((service) => world.layout.isUp(service))).toEqual([]);
    return;
  }
  await expectServicesAsBefore(world, before);
}

describe('wherever its process dies,', { timeout: isWhole ? 3_600_000 : 240_000 }, () => {
  test('a backup leaves services as they were, nothing of ours, and a backup that is whole or none', async () => {
    const first = await createMatrixWorld();
    const whole = await first.live(await first.scenario());
    expect(await whole.backUp()).toMatchObject({ status: 'succeeded' });
    await first.dispose();
    const deaths = deathsIn(whole.writes().length);
    const { problems, ends } = await dieEachTime(deaths, async (world, death, turn) => {
      const before = await pictureOf(world);
      const scenario = await world.scenario();
      const mortal = await world.live(scenario, { death });
      if ((await Promise.race([mortal.backUp(), mortal.died])) !== 'died') throw new Error('it did not die');
      const next = await world.live(scenario);
      // The records on the stopped objects are enough, without anything that we kept.
      if (turn % 3 !== 2) {
        await startByHand(world, mortal, next, before);
      }
      const [operation] = await next.recover();
      const after = await expectAsBefore(world, before);
      expect(differences(before.trees, after.trees)).toEqual([]);
      const backups = await next.orchestrator.listBackups({});
      const isMade = operation?.status === 'succeeded';
      expect(backups.map(({ status }) => status)).toEqual(isMade ? ['completed'] : []);
      const stored = await storedTrees(scenario);
      if (isMade) expect(differences(before.trees, stored)).toEqual([]);
      else expect(scenario.repository.copies).toEqual([]);
      return operation?.status ?? 'none';
    });
    expect(problems).toEqual([]);
    report('a backup', deaths, whole.writes().length, ends);
  });

  test('a restore leaves services as they were, nothing of ours, and data wholly old or wholly new', async () => {
    const first = await createMatrixWorld();
    onTestFinished(() => first.dispose());
    const base = await first.scenario();
    const made = await (await first.live(base)).backUp();
    const backup = made.id.replace('op_', 'bkp_');
    const wanted = await pictureOf(first);
    await moveOn(first);
    const whole = await first.live(await first.scenario(base));
    expect(await whole.restore(backup)).toMatchObject({ status: 'succeeded' });
    const deaths = deathsIn(whole.writes().length);
    const { problems, ends } = await dieEachTime(deaths, async (world, death, turn) => {
      await moveOn(world);
      const before = await pictureOf(world);
      const scenario = await world.scenario(base);
      const mortal = await world.live(scenario, { death });
      if ((await Promise.race([mortal.restore(backup), mortal.died])) !== 'died') throw new Error('it did not die');
      const next = await world.live(scenario);
      if (turn % 3 !== 2) await startByHand(world, mortal, next, before);
      const [operation] = await next.recover();
      const after = await expectServicesAsBefore(world, before);
      const data = operation?.status === 'succeeded' ? wanted : before;
      expect(differences(data.trees, after.trees).slice(0, 3).join(' | ')).toBe('');
      // Who died while asking left no operation, only what it looked with: whoever looks next removes that.
      if (operation === undefined) await next.platform.inspect({ count: true });
      await next.orchestrator.sweep(); // what was displaced was to be kept for a millisecond
      await expectAsBefore(world, before);
      return operation?.status ?? 'none';
    });
    expect(problems).toEqual([]);
    report('a restore', deaths, whole.writes().length, ends);
  });

  test('a restore that nobody takes up again has its services up on the old data soon after the guard acts', async () => {
    const first = await createMatrixWorld();
    onTestFinished(() => first.dispose());
    const base = await first.scenario();
    const backup = (await (await first.live(base)).backUp()).id.replace('op_', 'bkp_');
    const whole = await first.live(await first.scenario(base));
    await whole.restore(backup);
    const moments = [
      /^patch StatefulSet db/,
      /^delete PersistentVolumeClaim (?!cml-)/,
      /^create PersistentVolumeClaim (?!cml-)/,
    ];
    const deaths = moments.map(
      (one): Death => ({ at: whole.writes().findIndex((write) => one.test(write)) + 1, when: 'after' }),
    );
    const { problems, ends } = await dieEachTime(deaths, async (world, death) => {
      await moveOn(world);
      const before = await pictureOf(world);
      const scenario = await world.scenario(base);
      const policy = { downtimeBudget: 3_000, guardMargin: 500 };
      const mortal = await world.live(scenario, { death, policy });
      if ((await Promise.race([mortal.restore(backup), mortal.died])) !== 'died') throw new Error('it did not die');
      await world.layout.allUp(12_000);
      const after = await expectServicesAsBefore(world, before);
      expect(differences(before.trees, after.trees)).toEqual([]);
      const [operation] = await (await world.live(scenario)).recover();
      await expectAsBefore(world, before);
      return operation?.status ?? 'none';
    });
    expect(problems).toEqual([]);
    report('a restore without a next life', deaths, whole.writes().length, ends);
  });
});
