import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Room } from '../../src/orchestrator/room.ts';
import { findStrays, strayFindings } from '../../src/orchestrator/strays.ts';
import type { WorkspacePlatform } from '../../src/workspace/platform.ts';
import type { Stray } from '../../src/workspace/stray.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { makeOperation, momentAfter } from '../fakes/records.ts';
import { type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.dispose());

const HOUR = 60;

/** Of the operations, what was left so many minutes ago. */
async function find(strays: readonly [id: string, agoMinutes: number][], open: readonly string[] = []) {
  const now = new Date(momentAfter(30 * HOUR));
  const catalog = createFakeCatalog(door.world.catalog);
  const room = { world: { catalog, clock: { now: () => now } } } as unknown as Room;
  const left = strays.map(
    ([operationId, ago]): Stray => ({
      ...{ operationId, what: `Job of ${operationId}` },
      madeAt: new Date(now.getTime() - ago * 60_000).toISOString(),
    }),
  );
  const platform = { strays: async () => left } as unknown as WorkspacePlatform;
  const { orphans, young } = await findStrays(room, platform, async (id) => open.includes(id));
  const ids = (found: readonly Stray[]) => found.map(({ operationId }) => operationId);
  return { orphans: ids(orphans), young: ids(young), findings: strayFindings({ orphans, young }) };
}

test('what an operation on record left may go once it is over, however young', async () => {
  const operation = makeOperation({ status: 'failed' });
  await door.catalog.operations.save(operation);
  await door.catalog.operations.close(operation.id);
  expect(await find([[operation.id, 1]])).toMatchObject({ orphans: [operation.id], young: [] });
  expect(await find([[operation.id, 1]], [operation.id])).toMatchObject({ orphans: [], young: [] });
});

test('what a recorded backup left may go although its journal is gone', async () => {
  const backup = await door.backUp();
  expect(await find([[backup.replace('bkp_', 'op_'), 1]])).toMatchObject({ young: [] });
});

test('what nobody here knows of is left alone for a day', async () => {
  const { orphans, young, findings } = await find([
    ['op_0000000old', 25 * HOUR],
    ['op_0000000new', 23 * HOUR],
  ]);
  expect({ orphans, young }).toEqual({ orphans: ['op_0000000old'], young: ['op_0000000new'] });
  expect(findings).toEqual([
    { about: 'left behind', state: 'bad', says: expect.stringContaining('1 object (Job of op_0000000old)') },
    { about: 'left behind', state: 'warning', says: expect.stringContaining('left alone') },
  ]);
});
