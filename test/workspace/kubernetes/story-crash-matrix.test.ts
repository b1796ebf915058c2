import { describe, expect, test } from 'vitest';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { differences, expectAsBefore, expectServicesAsBefore, pictureOf, storedTrees } from './matrix-judge.ts';
import { alice, createMatrixWorld, type Death, type MatrixWorld } from './matrix-world.ts';

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
        await next.orchestrator.startServices(alice, WORKSPACE);
        await expectServicesAsBefore(world, before);
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
});
