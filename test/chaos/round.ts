import { setTimeout as wait } from 'node:timers/promises';
import type { Operation } from '../../src/records/operation.ts';
import { ask, prepare, withdrawPending } from './asking.ts';
import { createChance } from './chance.ts';
import { changeData } from './chaos-workspace.ts';
import { type ChaosKind, type ChaosWorld, settle, type Trial, writeSeconds } from './chaos-world.ts';
import { judgeDowns } from './downs.ts';
import { momentOf, readOpen, wasUnwound } from './journals.ts';
import { judge } from './judge.ts';
import { awaitMoment, chooseMoment, courseOf } from './moment.ts';

/** The server stays away this long at most before it is started again, in ms. */
const AWAY_MS = 1_000;
/** The second kill comes this soon after the restart, in ms: starting, taking up and unwinding lie in it. */
const RECOVERY_MS = 3_000;
/** How often each is asked for: what stops services more often than what does not. */
const PLAYED = ['backup', 'backup', 'restore', 'restore', 'undo', 'undo', 'delete', 'verify'] as const;
/** What nobody disturbs, before the first round; a generation of data each. */
export const LEARNT: readonly ChaosKind[] = ['backup', 'restore', 'undo', 'verify', 'backup', 'backup', 'delete'];

/** One operation, its server killed at a chance moment, and what became of everything. */
export async function playRound(world: ChaosWorld, number: number): Promise<Trial> {
  const chance = createChance(world.seed, number);
  const wished = chance.pick<ChaosKind>(PLAYED);
  const awayMs = chance.next() * AWAY_MS;
  const secondMs = chance.below(3) === 0 ? chance.next() * RECOVERY_MS : undefined;
  await changeData(world.workspace, chance, number + LEARNT.length);
  const attempt = await prepare(world, wished);
  const { kind } = attempt;
  const moment = chooseMoment(chance, world.courses[kind]);
  const beganAt = Date.now();
  const asked = ask(world, attempt);
  await awaitMoment(world.workspace, moment, world.courses[kind]);
  const killedAt = Date.now();
  const moments = [`${await kill(world)} (by the ${moment.by}, at ${writeSeconds(killedAt - beganAt)})`];
  const refusals = await asked;
  await wait(awayMs);
  world.server.start();
  if (secondMs !== undefined) {
    await wait(secondMs);
    moments.push(`recovering, ${await kill(world)} (${writeSeconds(secondMs)} after the restart)`);
    world.server.start();
  }
  const unsettled = await settle(world);
  if (unsettled.length > 0) {
    const operation = (await readOpen(world.workspace))[0];
    return { name: `round ${number}`, kind, moments, operation, problems: [...refusals, ...unsettled] };
  }
  await withdrawPending(world, attempt);
  const { operation, problems } = await judge(world, attempt);
  if (operation && isUndisturbed(operation)) world.courses[kind] = courseOf(operation);
  const downs = judgeDowns(world, beganAt, operation !== undefined && wasUnwound(operation));
  const all = [...refusals, ...problems, ...downs.problems];
  return { name: `round ${number}`, kind, moments, operation, problems: all, recoveryMs: downs.recoveryMs };
}

async function kill({ server, workspace }: ChaosWorld): Promise<string> {
  await server.kill();
  return momentOf((await readOpen(workspace))[0]);
}

/** The kill came too late for it: then it shows how long one takes now that there are backups and a warm cache. */
function isUndisturbed({ journal, status }: Operation): boolean {
  return status === 'succeeded' && journal.filter(({ type }) => type === 'began').length === 1;
}
