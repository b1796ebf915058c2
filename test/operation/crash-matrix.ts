import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoryDeclaration } from '../../src/operation/operation.ts';
import type { Life } from '../fakes/mortal.ts';
import type { World } from '../fakes/world.ts';
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

/**
 * Of what may happen after a first mishap one in so many is tried, in turn another one each time: every first mishap
 * meets some, and every effect of a recovery is one of them. All with CRASH_MATRIX=whole.
 */
const SHARE = process.env.CRASH_MATRIX === 'whole' ? 1 : 3;

interface Failed {
  readonly name: string;
  readonly wrong: readonly string[];
}

/** What each life of a trial did, in order. */
type Course = readonly Life['done'][];

/**
 * Kills, fails, fills, cancels and delays one story everywhere, and looks at the world after each. `further`: what may
 * happen to this story alone, by the title of its test.
 */
export function describeCrashMatrix<Declaration extends StoryDeclaration>(
  name: string,
  declared: StoryCase<Declaration>,
  further: Readonly<Record<string, (effects: Life['done']) => readonly Trial[]>>,
): void {
  const given = declared as unknown as StoryCase;
  // Nothing here is about the disk: in memory where there is such a place.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'crash-matrix-'));
  let before: World;
  let effects: Life['done'] = [];
  let scenarios = 0;
  let broken = 0;

  beforeAll(async () => {
    before = (await given.make(folder)).world;
    const plain = await play(given, { name: 'nothing happens', lives: [] }, folder);
    effects = plain.lives[0]?.effects ?? [];
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    process.stdout.write(
      `crash matrix of ${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}: ${scenarios.toLocaleString('en')} scenarios, ${broken} failed\n`,
    );
  });

  /** Each trial, and then the trials that follow from how it went. */
  async function trial<T extends Trial>(trials: readonly T[], next: (trial: T, course: Course) => Trial[] = () => []) {
    const failed: Failed[] = [];
    async function run(one: Trial): Promise<Course> {
      const played = await play(given, one, folder);
      const wrong = findBroken(played, before, one.allowed);
      if (one.mustSucceed && played.operation.status !== 'succeeded') wrong.push(`it ${played.operation.status}`);
      if (wrong.length > 0) failed.push({ name: one.name, wrong });
      scenarios += 1;
      return played.lives.map((life) => life.effects);
    }
    for (const [turn, one] of trials.entries()) {
      const following = next(one, await run(one)).filter((_, index) => (index + turn) % SHARE === 0);
      for (const again of following) await run(again);
    }
    broken += failed.length;
    expect(tell(failed)).toBe('');
  }

  const dying = (one: Trial, [first = []]: Course) => deathsAfter(one, first);
  describe(`a ${name} leaves the world whole`, { timeout: 240_000 }, () => {
    it('when nothing happens', () => trial([{ name: 'nothing happens', lives: [], mustSucceed: true }]));
    it('when the process dies, and once more while recovering', () =>
      trial(deaths(effects), (one, [first = [], recovery = []]) => deathsAgain(one, first, recovery)));
    it('when an effect fails once, and the process dies', () => trial(failures(effects), dying));
    it('when an effect fails for ever', () => trial(lastingFailures(effects, given.allow)));
    it('when the disk is full, and the process dies', () =>
      trial(fullDisks(effects), (one, [first = []]) => fullDisksAndDeaths(one, first)));
    it('when someone cancels, and the process dies', () => trial(cancels(effects), dying));
    it('when its time is over, and the process dies', () => trial(timeOuts(effects), dying));
    it('when the guard acts while the process is slow, which then dies', () => trial(guardWhileAlive(effects), dying));
    it.each(Object.entries(further))('%s', (_title, trials) => trial(trials(effects), dying));
  });
}

/** Every broken scenario; the first ones only when there are many. */
function tell(failed: readonly Failed[]): string {
  const lines = failed.slice(0, 12).map(({ name, wrong }) => `${name}\n    ${wrong.join('\n    ')}`);
  return [...lines, ...(failed.length > 12 ? [`and ${failed.length - 12} more`] : [])].join('\n');
}
