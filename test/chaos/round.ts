import { setTimeout as wait } from 'node:timers/promises';
import type { OperationKind } from '../../src/records/operation.ts';
import { createChance } from './chance.ts';
import { changeData } from './chaos-workspace.ts';
import { type ChaosWorld, settle, type Trial, UP_WITHIN_MS } from './chaos-world.ts';
import { type Attempt, beginAttempt, judge } from './judge.ts';
import { idsOf, momentOf, readBackups, readOpen, readRequests, wasUnwound } from './journals.ts';
import { takePicture } from './picture.ts';
import { PortError } from '../../src/errors.ts';

/** Operations are a little slower at times than the first one was. */
const SLOWER = 1.1;
/** The server stays away this long at most before it is started again, in ms. */
const AWAY_MS = 1_000;
/** The second kill comes this soon after the restart, in ms: starting, taking up and unwinding lie in it. */
const RECOVERY_MS = 3_000;
/** Nothing keeps services down longer than this while the server lives: the budget of the workspace, and starting them. */
const OWN_DOWN_MS = 25_000;

/** One operation, its server killed at a chosen moment, and what became of everything. */
export async function playRound(world: ChaosWorld, number: number): Promise<Trial> {
  const { workspace, server, words, seed } = world;
  const chance = createChance(seed, number);
  const kind = chance.pick<OperationKind>(['backup', 'restore']);
  const delayMs = chance.next() * world.expectedMs[kind] * SLOWER;
  const awayMs = chance.next() * AWAY_MS;
  const again = chance.below(3) === 0 ? chance.next() * RECOVERY_MS : undefined;
  await changeData(workspace, chance, number);
  const attempt = await prepare(world, kind);
  const requests = await idsOf(workspace, 'requests');
  const beganAt = Date.now();
  const refusal = await ask(world, attempt, delayMs);
  const moments = [await kill(world)];
  const said = await refusal;
  await wait(awayMs);
  server.start();
  if (again !== undefined) {
    await wait(again);
    moments.push(`recovering: ${await kill(world)}`);
    server.start();
  }
  const late = await settle(world);
  for (const { id } of (await readRequests(workspace, requests)).filter(({ status }) => status === 'pending')) {
    await words.withdraw(id);
  }
  const { operation, problems } = late.length > 0 ? { operation: (await readOpen(workspace))[0], problems: late } : await judge(world, attempt);
  const downs = judgeDowns(world, beganAt, operation !== undefined && wasUnwound(operation));
  return {
    name: `round ${number}`,
    kind,
    moments,
    operation,
    problems: [...said, ...problems, ...downs.problems],
    ...(downs.recoveryMs === undefined ? {} : { recoveryMs: downs.recoveryMs }),
  };
}
