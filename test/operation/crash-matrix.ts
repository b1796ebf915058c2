import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoryDeclaration } from '../../src/operation/operation.ts';
import { findBroken } from './invariants.ts';
import { play, type Played, type StoryCase } from './play.ts';
import {
  cancels,
  deaths,
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
  /** Plays all trials; answers what was broken and how each went. */
  trial(trials: readonly Trial[]): Promise<MatrixResult & { readonly played: readonly Played[] }>;
  readonly families: Readonly<Record<string, () => Promise<MatrixResult>>>;
  dispose(): void;
}

/** Kills, fails, fills, cancels and delays one story everywhere, and looks at the world after each. */
export async function createMatrix<Declaration extends StoryDeclaration>(
  declared: StoryCase<Declaration>,
  more: readonly Trial[] = [],
): Promise<Matrix> {
  const given = declared as unknown as StoryCase;
  // Nothing here is about the disk: in memory where there is such a place.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'crash-matrix-'));
  const { world: before } = await given.make(folder);
  const plain = await play(given, { name: 'nothing happens', lives: [] }, folder);
  const effects = plain.lives[0]?.effects ?? [];

  async function trial(trials: readonly Trial[]) {
    const failed: MatrixResult['failed'][number][] = [];
    const played: Played[] = [];
    for (const one of trials) {
      const result = await play(given, one, folder);
      const broken = findBroken(result, before, one.allowed);
      if (broken.length > 0) failed.push({ name: one.name, broken });
      played.push(result);
    }
    return { scenarios: trials.length, failed, played };
  }

  async function followUp<T extends Trial>(first: readonly T[], next: (trial: T, played: Played) => Trial[]) {
    const result = await trial(first);
    const again = await trial(first.flatMap((one, index) => next(one, result.played[index] as Played)));
    return { scenarios: result.scenarios + again.scenarios, failed: [...result.failed, ...again.failed] };
  }

  return {
    trial,
    families: {
      'nothing happens': () => trial([{ name: 'nothing happens', lives: [] }]),
      'the process dies, and once more while recovering': () =>
        followUp(deaths(effects), (one, { lives }) =>
          one.between || one.name.includes('dies before') ? [] : deathsAgain(one, lives[1]?.effects ?? []),
        ),
      'an effect fails once': () => trial(failures(effects)),
      'an effect fails for ever': () => trial(lastingFailures(effects)),
      'the disk is full, and the process dies': () =>
        followUp(fullDisks(effects), (one, { lives }) => fullDisksAndDeaths(one, lives[0]?.effects ?? [])),
      'someone cancels': () => trial(cancels(effects)),
      'time is over': () => trial(timeOuts(effects)),
      'the guard acts while the process is slow': () => trial(guardWhileAlive(effects)),
      more: () => trial(more),
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Every broken scenario, a line each; the first ones only when there are many. */
export function tellBroken(failed: MatrixResult['failed']): string {
  const lines = failed.slice(0, 12).map(({ name, broken }) => `${name}\n    ${broken.join('\n    ')}`);
  return [...lines, ...(failed.length > 12 ? [`and ${failed.length - 12} more`] : [])].join('\n');
}
