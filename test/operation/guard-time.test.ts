import { expect, test } from 'vitest';
import { armBeforeStop } from '../../src/operation/guard-time.ts';
import type { WorkspacePlatform } from '../../src/workspace/platform.ts';

const BEGAN = Date.parse('2026-01-01T00:00:00.000Z');
const MINUTE = 60_000;

/** What a guard was told, in ms after its arming began, that took so long to come up the first time. */
async function armedFor(firstMs: number): Promise<number[]> {
  let time = BEGAN;
  const told: number[] = [];
  const armGuard: WorkspacePlatform['armGuard'] = async (_note, actsAt) => {
    told.push(Date.parse(actsAt) - BEGAN);
    if (told.length === 1) time += firstMs;
  };
  const policy = { downtimeBudget: 15 * MINUTE, guardMargin: MINUTE };
  const note = { operationId: 'op_01', notedAt: new Date(BEGAN).toISOString(), services: [] };
  await armBeforeStop({ armGuard } as unknown as WorkspacePlatform, { note, policy, now: () => new Date(time) });
  return told;
}

test('arms once where the guard is up at once', async () => {
  expect(await armedFor(1_000)).toEqual([16 * MINUTE]);
});

test('gives services their whole budget when the guard took minutes to come up', async () => {
  expect(await armedFor(4 * MINUTE)).toEqual([16 * MINUTE, 20 * MINUTE]);
});
