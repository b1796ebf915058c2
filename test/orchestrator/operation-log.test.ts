import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOperation, momentAfter } from '../fakes/records.ts';
import { bob, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.dispose());

test('tells in sentences what an operation wrote down, and no secret', async () => {
  const [at, stopsAt] = [momentAfter(0), momentAfter(90)];
  const error = {
    code: 'mover-unavailable',
    message: 'rest:http://me:hunter2@host is away',
    hint: 'password=hunter2?',
  };
  const operation = makeOperation({
    status: 'failed',
    journal: [
      { type: 'began', at, mode: 'unwind' },
      { type: 'step-began', at, step: 'stop' },
      { type: 'step-failed', at, step: 'stop', error },
      { type: 'postponed', at, by: bob, stopsAt },
      { type: 'cancelled', at, by: bob, reason: 'a demonstration' },
      { type: 'ended', at, status: 'failed', error },
    ],
  });
  await door.catalog.operations.save(operation);
  const lines = await door.orchestrator.readLog(operation.id);
  expect(lines.map(({ says }) => says)).toEqual([
    'It was taken up by a server that had just started, to make things whole again.',
    'stop: begins',
    'stop: failed: rest:http://me:***@host is away password=***',
    'bob postponed the stop to 2026-03-01 13:30 UTC.',
    'bob cancelled it: a demonstration.',
    'It failed: rest:http://me:***@host is away password=***',
  ]);
  expect(lines.map(({ isBad }) => isBad === true)).toEqual([false, false, true, false, false, true]);
  await expect(door.orchestrator.readLog('op_nothing')).rejects.toMatchObject({ code: 'unknown-operation' });
});
