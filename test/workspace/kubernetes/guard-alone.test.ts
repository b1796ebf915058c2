import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CRON_JOB, DEPLOYMENT, STATEFUL_SET } from '../../../src/workspace/kubernetes/kinds.ts';
import { deathsAt, deathsRightAfter, dieEachTime, isWhole } from './matrix-deaths.ts';
import { REAL_GUARD } from './matrix-guards.ts';
import { expectServicesAsBefore, leftovers, pictureOf } from './matrix-judge.ts';
import { expectSame, type Scene, type Story, tellBackup, tellRestore } from './matrix-scenes.ts';
import type { Death, LifeWish, MatrixWorld } from './matrix-world.ts';

const MINUTE = 60_000;
/** The guard acts within the minute after the budget, so that services are up before it is over. */
const policy = { downtimeBudget: 15 * MINUTE, guardMargin: MINUTE / 2 };
const WITHIN_MS = policy.downtimeBudget + MINUTE;

/** When the first service was told to stop, in ms; undefined: none was. */
function watchForStop({ lab: { store } }: MatrixWorld): () => number | undefined {
  let stoppedAt: number | undefined;
  const services: readonly string[] = [DEPLOYMENT, STATEFUL_SET, CRON_JOB].map(({ kind }) => kind);
  store.listen(({ kind, object: { spec } }) => {
    if (!services.includes(kind.kind)) return;
    if (spec?.replicas === 0 || spec?.suspend === true) stoppedAt ??= Date.now();
  });
  return () => stoppedAt;
}

/** Nobody comes back. Services are up in time, on data and definition that are wholly the one or wholly the other. */
async function leaveItToTheGuard(world: MatrixWorld, story: Story, scene: Scene, stoppedAt: number | undefined) {
  const { guards, layout } = world;
  const wasDown = layout.services.some((service) => !layout.isUp(service));
  const passedMs = guards.passUntilDue();
  await layout.allUp(MINUTE);
  const downMs = Date.now() - (stoppedAt ?? Date.now()) + (passedMs ?? 0);
  if (wasDown) expect(downMs).toBeLessThan(WITHIN_MS);
  await expect.poll(() => guards.count(), { timeout: MINUTE }).toBe(0);
  await expectServicesAsBefore(world, scene.before);
  const after = await pictureOf(world);
  expect(after.unbound).toEqual([]);
  // The definition of before, which the guard was given, holds secrets.
  if (wasDown) expect(leftovers(world).filter((one) => one.startsWith('Secret cml-guard'))).toEqual([]);
  const outcomes = story.outcomes(scene);
  expectSame(outcomes.find(({ definition }) => definition === after.definition) ?? scene.before, after);
  return wasDown ? 'brought up' : 'never down, or up already';
}

async function neverReturn(
  what: string,
  story: Story,
  deaths: readonly Death[],
  wish: LifeWish = {},
): Promise<string[]> {
  return dieEachTime(what, story.writes, deaths, async (world, death) => {
    const stoppedAt = watchForStop(world);
    const scene = await story.die(world, death, { ...wish, policy });
    const by = await leaveItToTheGuard(world, story, scene, stoppedAt());
    // Who comes much later after all finds nothing to mend, and tidies up.
    return `${by}, ${await story.judge(world, scene, await world.live(scene.scenario))} at last`;
  });
}

const OF_A_BACKUP = [/^patch Deployment web/, /^create VolumeSnapshot /, /^patch StatefulSet db/];
const OF_A_RESTORE = [
  /^patch StatefulSet db/,
  /^delete PersistentVolumeClaim (?!cml-)/,
  /^create PersistentVolumeClaim (?!cml-)/,
];

describe('when its process dies and never comes back,', { timeout: isWhole ? 3_600_000 : 300_000 }, () => {
  test('the guard alone has the services of a backup up by its budget and a minute', async () => {
    const story = await tellBackup();
    const some = deathsRightAfter(story.writes, OF_A_BACKUP).map(({ at }) => at);
    const deaths = deathsAt(story.writes, (_, at) => some.includes(at));
    expect(await neverReturn('a backup without a next life', story, deaths)).toEqual([]);
  });

  test('the guard alone has the services of a restore up by its budget and a minute, on one data', async () => {
    const story = await tellRestore();
    const last = story.writes.findLastIndex((write) => /^patch StatefulSet db/.test(write)) + 1;
    const some = deathsRightAfter(story.writes, OF_A_RESTORE).map(({ at }) => at);
    const deaths = deathsAt(story.writes, (_, at) => some.includes(at) || at === last);
    expect(await neverReturn('a restore without a next life', story, deaths)).toEqual([]);
  });

  test('it is the program in the pod of the guard that does this', async () => {
    if (!existsSync(REAL_GUARD[1] ?? '')) throw new Error(`${REAL_GUARD[1]} is missing: run \`npm run build\` first`);
    const story = await tellRestore();
    const deaths = deathsRightAfter(story.writes, isWhole ? OF_A_RESTORE : OF_A_RESTORE.slice(1, 2));
    const problems = await neverReturn('a restore left to a real guard', story, deaths, { guardProgram: REAL_GUARD });
    expect(problems).toEqual([]);
  });
});
