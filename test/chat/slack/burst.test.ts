import { expect, test } from 'vitest';
import { createSlackWorld } from './slack-world.ts';

test('two hundred words at once are each acknowledged and answered once', async () => {
  const world = await createSlackWorld();
  const typed = await Promise.all(
    Array.from({ length: 200 }, (_, at) => world.slack.type(at % 2 ? 'UALICE' : 'UBOB', 'CML', '/cml list')),
  );
  expect(typed.filter(({ error }) => error !== undefined)).toEqual([]);
  for (const user of ['UALICE', 'UBOB']) {
    await world.told(user, 100);
    expect(world.slack.ephemerals(user)).toHaveLength(100);
  }
  await world.dispose();
});
