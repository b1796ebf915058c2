import { ask, becomesTrue, prepare } from './asking.ts';
import { createChance } from './chance.ts';
import { changeData, type Patience, writeConfig } from './chaos-workspace.ts';
import { type ChaosKind, type ChaosWorld, ENDED_WITHIN_MS, settle, type Trial, writeSeconds } from './chaos-world.ts';
import { momentOf, readOpen } from './journals.ts';
import { judge } from './judge.ts';
import { findProcesses } from './processes.ts';
import { allAnswer, noneAnswers } from './service-watch.ts';

/** Short, so that the guard need not be waited for long. */
const SHORT: Patience = { budgetMs: 10_000, marginMs: 2_000 };
/** The guard's promise: the budget and this, in ms. */
const GUARD_MS = 60_000;

/** The server is killed while services are stopped and never comes back: the guard has them up. Then it comes back. */
export async function playWithoutRestart(world: ChaosWorld, kind: ChaosKind, number: number): Promise<Trial> {
  const { workspace, server } = world;
  await writeConfig(workspace, SHORT);
  await changeData(workspace, createChance(world.seed, number), number);
  const attempt = await prepare(world, kind);
  const name = `${kind} without restart`;
  const asked = ask(world, attempt);
  const isStopped = await becomesTrue(() => noneAnswers(workspace.serviceUrls), ENDED_WITHIN_MS, 10);
  await server.kill();
  const killedAt = Date.now();
  const open = (await readOpen(workspace))[0];
  const moments = [momentOf(open)];
  const refusals = await asked;
  if (!isStopped) return { name, kind, moments, operation: open, problems: [...refusals, 'services never stopped'] };
  const isUp = await becomesTrue(() => allAnswer(workspace.serviceUrls), SHORT.budgetMs + GUARD_MS);
  const tookMs = Date.now() - killedAt;
  world.say(`  services were ${isUp ? 'up' : 'DOWN'} ${writeSeconds(tookMs)} after the kill, without a server`);
  const isGone = await becomesTrue(async () => findProcesses(workspace.folder, 'CML_GUARD=').length === 0, GUARD_MS);
  server.start();
  const unsettled = await settle(world);
  const problems = [
    ...refusals,
    ...(isUp ? [] : [`services were still down ${writeSeconds(tookMs)} after the server was killed for good`]),
    ...(isGone ? [] : ['the guard did not end']),
    ...unsettled,
  ];
  if (unsettled.length > 0) return { name, kind, moments, operation: open, problems };
  const verdict = await judge(world, attempt);
  const { operation } = verdict;
  const lost = operation ? [] : ['it left no record of its end'];
  return { name, kind, moments, operation, problems: [...problems, ...verdict.problems, ...lost] };
}
