import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoryDeclaration } from '../../src/operation/operation.ts';
import type { Life } from '../fakes/mortal.ts';
import { findBroken } from './invariants.ts';
import { play, type StoryCase } from './play.ts';
import {
  cancels,
  deaths,
  deathsAfter,
  deathsAgain,
  failures,
  fullDisks,
  fullDisksAndDeaths,
  guardWhileAlive,
  lastingFailures,
  type Trial,
  timeOuts,
} from './scripts.ts';

export interface MatrixResult {
  readonly scenarios: number;
  readonly failed: readonly { readonly name: string; readonly broken: readonly string[] }[];
}

export interface Matrix {
  readonly families: Readonly<Record<string, () => Promise<MatrixResult>>>;
  dispose(): void;
}

/** What each life of a trial did, in order. */
type Course = readonly Life['done'][];

/** Kills, fails, fills, cancels and delays one story everywhere, and looks at the world after each. */
export async function createMatrix<Declaration extends StoryDeclaration>(
  declared: StoryCase<Declaration>,
  more: (effects: Life['done']) => readonly Trial[] = () => [],
): Promise<Matrix> {
  const given = declared as unknown as StoryCase;
  // Nothing here is about the disk: in memory where there is such a place.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'crash-matrix-'));
  const { world: before } = await given.make(folder);
  const plain = await play(given, { name: 'nothing happens', lives: [] }, folder);
  const effects = plain.lives[0]?.effects ?? [];

  /** Each trial, and then the trials that follow from how it went. */
  async function trial<T extends Trial>(trials: readonly T[], next: (trial: T, course: Course) => Trial[] = () => []) {
    const failed: MatrixResult['failed'][number][] = [];
    let scenarios = 0;
    async function run(one: Trial): Promise<Course> {
      const played = await play(given, one, folder);
      const broken = findBroken(played, before, one.allowed);
      if (broken.length > 0) failed.push({ name: one.name, broken });
      scenarios += 1;
      return played.lives.map((life) => life.effects);
    }
    for (const one of trials) for (const again of next(one, await run(one))) await run(again);
    return { scenarios, failed };
  }

  const dying = (one: Trial, [first = []]: Course) => deathsAfter(one, first);
  return {
    families: {
      'nothing happens': () => trial([{ name: 'nothing happens', lives: [] }]),
      'the process dies, and once more while recovering': () =>
        trial(deaths(effects), (one, [, recovery = []]) =>
          one.between || one.name.startsWith('dies before') ? [] : deathsAgain(one, recovery),
        ),
      'an effect fails once, and the process dies': () => trial(failures(effects), dying),
      'an effect fails for ever': () => trial(lastingFailures(effects)),
      'the disk is full, and the process dies': () =>
        trial(fullDisks(effects), (one, [first = []]) => fullDisksAndDeaths(one, first)),
      'someone cancels, and the process dies': () => trial(cancels(effects), dying),
      'time is over, and the process dies': () => trial(timeOuts(effects), dying),
      'the guard acts while the process is slow, which then dies': () => trial(guardWhileAlive(effects), dying),
      'what only this story has': () => trial(more(effects)),
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Every broken scenario, a line each; the first ones only when there are many. */
export function tellBroken(failed: MatrixResult['failed']): string {
  const lines = failed.slice(0, 12).map(({ name, broken }) => `${name}\n    ${broken.join('\n    ')}`);
  return [...lines, ...(failed.length > 12 ? [`and ${failed.length - 12} more`] : [])].join('\n');
}
