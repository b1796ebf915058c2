import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start } from '../../commands/start.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { bob, type Door, openDoor } from './door.ts';

const OPERATION = 'op_0000000001';
const FAR_AWAY = '2999-01-01T00:00:00.000Z';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const did = async () => (await door.catalog.audit.list(10)).map((entry) => entry.did);
const say = () => start.run({ orchestrator: door.orchestrator, person: bob } as never, { workspace: 'team-ml' });

/** Swapped in by an operation that nobody knows of any more, and not started on. */
async function swapIn(): Promise<void> {
  const platform = createFakePlatform(door.world, plainEffect);
  const staged = await platform.stage(OPERATION, [{ part: 'db' }]);
  const note = await platform.noteRunning(OPERATION);
  const path = join(door.world.folder, 'present');
  await writeFile(path, 'the present one');
  await platform.armGuard(note, FAR_AWAY, { path, sha256: '', release: '' });
  await platform.commit(OPERATION, staged, await platform.stop(note));
}

test('puts back first what was swapped in and never served, and says so', async () => {
  await swapIn();
  const answer = await say();
  expect(answer).toMatchObject({
    text: `team-ml: web is up. The data of before ${OPERATION} was put back first.`,
    json: { putBack: [OPERATION], services: ['web'] },
  });
  expect(door.world.definition).toBe('the present one');
  expect(door.world.services.get('web')?.up).toBe(true);
  expect(await did()).toEqual([`put back the data of ${OPERATION} and started services`]);
});

test('only starts where nothing was swapped', async () => {
  expect(await say()).toMatchObject({ text: 'team-ml: web is up.', json: { putBack: [] } });
  expect(await did()).toEqual(['started services']);
});
