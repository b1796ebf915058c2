import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';
import { ask, becomesTrue, prepare } from './asking.ts';
import { createChance } from './chance.ts';
import { type ChaosWorkspace, changeData, makeWorkspace, type Patience } from './chaos-workspace.ts';
import { type ChaosKind, type ChaosWorld, settle, type Trial, writeSeconds } from './chaos-world.ts';
import { judge } from './judge.ts';
import { lookAtRepository, tryBackups, tryGrace, tryRepository } from './last-looks.ts';
import { type Course, courseOf } from './moment.ts';
import { endEverything } from './processes.ts';
import { tellAll, tellTrial } from './report.ts';
import { createRestic } from './restic.ts';
import { LEARNT, playRound } from './round.ts';
import { createServer } from './server.ts';
import { watchServices } from './service-watch.ts';
import { playWithoutRestart } from './without-restart.ts';
import { createWords } from './words.ts';

/**
 * Kills the real server with SIGKILL at chance moments of every kind of operation, and looks whether everything comes back.
 * CHAOS_KILLS: how many times, 10 when not said. CHAOS_SEED: the choices of an earlier run; how quick the machine is
 * differs from run to run, so a moment comes again nearly, not exactly.
 */
const KILLS = readNumber('CHAOS_KILLS', 10);
const SEED = readNumber('CHAOS_SEED', Date.now() % 1_000_000);
const PATIENCE: Patience = { budgetMs: 20_000, marginMs: 10_000 };
/** The repository is looked at after this many rounds, and at the end. */
const LOOK_EVERY = 10;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const workspace = await makeWorkspace(PATIENCE);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void leave(signal));
say(`CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS} in ${workspace.folder}`);
let isGood = false;
try {
  isGood = await run(workspace);
} finally {
  await endEverything(workspace.folder);
  if (isGood) await rm(workspace.folder, { recursive: true });
}
process.exit(isGood ? 0 : 1);

async function run(place: ChaosWorkspace): Promise<boolean> {
  const restic = await createRestic(place);
  const server = createServer(place);
  const words = createWords(place);
  await restic.init();
  server.start();
  if (!(await becomesTrue(words.isHeard, 20_000))) throw new Error(server.complaint() ?? 'the server does not answer');
  await words.start();
  const watch = watchServices(place.serviceUrls);
  const unknown: Course = { totalMs: 0, pausesMs: [], stopped: { from: 0, to: 0 } };
  const courses = { backup: unknown, restore: unknown, undo: unknown, delete: unknown, verify: unknown };
  const world: ChaosWorld = { seed: SEED, workspace: place, server, words, restic, watch, courses, say };
  try {
    const trials = await playAll(world);
    tellAll(world, trials);
    return trials.every(({ problems }) => problems.length === 0);
  } finally {
    await watch.end();
  }
}

/** Ends at the first failure: what comes after it would be played in a world that is broken already. */
async function playAll(world: ChaosWorld): Promise<Trial[]> {
  const trials: Trial[] = [];
  const tell = (trial: Trial) => {
    trials.push(trial);
    tellTrial(world, trial);
    return trial.problems.length === 0;
  };
  try {
    for await (const trial of play(world, () => trials)) if (!tell(trial)) break;
  } catch (error) {
    // A refusal or a missing file where all should be in order: a failure like any other, told with where it happened.
    tell({ name: `after ${trials.at(-1)?.name ?? 'the start'}`, moments: [], problems: [inspect(error)] });
  }
  return trials;
}

async function* play(world: ChaosWorld, played: () => readonly Trial[]): AsyncGenerator<Trial> {
  for (const [index, kind] of LEARNT.entries()) yield await learn(world, kind, index + 1);
  const kills = () => played().reduce((sum, { moments }) => sum + moments.length, 0);
  let round = 1;
  for (; kills() < KILLS; round++) {
    yield await playRound(world, round);
    if (round % LOOK_EVERY !== 0) continue;
    yield { name: `the repository after ${round} rounds`, moments: [], problems: await lookAtRepository(world) };
  }
  yield await playWithoutRestart(world, 'backup', round + LEARNT.length);
  yield await playWithoutRestart(world, 'restore', round + LEARNT.length + 1);
  yield await playWithoutRestart(world, 'undo', round + LEARNT.length + 2);
  const lastEndAt = Date.now();
  yield await tryRepository(world);
  yield await tryBackups(world);
  yield await tryGrace(world, lastEndAt);
}

/** One that nobody kills: it says how long the kind takes, and gives the first backup. */
async function learn(world: ChaosWorld, kind: ChaosKind, number: number): Promise<Trial> {
  await changeData(world.workspace, createChance(world.seed, number), number);
  const attempt = await prepare(world, kind);
  const refusals = await ask(world, attempt);
  const unsettled = await settle(world);
  const { operation, problems } = await judge(world, attempt);
  if (operation) world.courses[kind] = courseOf(operation);
  const failed = operation?.status === 'succeeded' ? [] : ['it did not succeed though nobody was killed'];
  world.say(`  a ${kind} takes ${writeSeconds(world.courses[kind].totalMs)} here`);
  return {
    name: 'undisturbed',
    kind,
    moments: [],
    operation,
    problems: [...refusals, ...unsettled, ...problems, ...failed],
  };
}

async function leave(signal: string): Promise<void> {
  say(`${signal}: ending what was started; everything is kept in ${workspace.folder}`);
  await endEverything(workspace.folder);
  await wait(0);
  process.exit(130);
}

function readNumber(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is a whole number`);
  return value;
}
