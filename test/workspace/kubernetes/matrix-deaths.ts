import { createMatrixWorld, type Death, type MatrixWorld } from './matrix-world.ts';

/** With KUBE_MATRIX=1 before and after every write. */
export const isWhole = process.env.KUBE_MATRIX === '1';
const AT_ONCE = 3;

/** Every one when asked for the whole, else some, in turn before and after a write. */
export function deathsAt(writes: readonly string[], isSample: (write: string, at: number) => boolean): Death[] {
  const all = writes.map((_, index) => index + 1);
  if (isWhole) return all.flatMap((at) => [{ at, when: 'before' } as const, { at, when: 'after' } as const]);
  const some = all.filter((at) => isSample(writes[at - 1] ?? '', at));
  return some.map((at, turn) => ({ at, when: turn % 2 === 0 ? 'after' : 'before' }));
}

/** The first write of each of these, after it. */
export function deathsRightAfter(writes: readonly string[], moments: readonly RegExp[]): Death[] {
  return moments.map((moment) => {
    const at = writes.findIndex((write) => moment.test(write)) + 1;
    if (at === 0) throw new Error(`nothing was written like ${moment}: ${writes.join(', ')}`);
    return { at, when: 'after' };
  });
}

export type DeathScene = (world: MatrixWorld, death: Death) => Promise<string>;

/**
 * Each in a world of its own. Prints how many deaths there were of how many, and how they ended; answers what went wrong,
 * with the death that did it.
 */
export async function dieEachTime(
  what: string,
  writes: readonly string[],
  deaths: readonly Death[],
  scene: DeathScene,
): Promise<string[]> {
  const problems: string[] = [];
  const ends: Record<string, number> = {};
  const waiting = [...deaths];
  const worker = async () => {
    for (let death = waiting.shift(); death; death = waiting.shift()) {
      const world = await createMatrixWorld();
      try {
        const end = await scene(world, death);
        ends[end] = (ends[end] ?? 0) + 1;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.push(`${death.when} write ${death.at} (${writes[death.at - 1]}): ${why}`);
      } finally {
        await world.dispose();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const passed = `${deaths.length - problems.length} of ${deaths.length} deaths passed`;
  const tried = `tried ${deaths.length} of the ${2 * writes.length} before and after ${writes.length} writes`;
  process.stdout.write(`${what}: ${passed}, ${tried}: ${JSON.stringify(ends)}\n`);
  return problems;
}
