import { afterEach, beforeEach, expect, test } from 'vitest';
import { operationView } from '../../../src/records/operation.ts';
import { alice } from '../../orchestrator/door.ts';
import { openWebDoor, type WebDoor } from '../web-door.ts';

let door: WebDoor;
beforeEach(async () => {
  door = await openWebDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

/** Everything that is told until the stream ends. */
async function readEvents(path: string): Promise<{ event: string; data: string }[]> {
  const answer = await fetch(`${door.origin}/api/v1${path}`, { headers: { 'x-test-person': 'bob' } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return (await answer.text()).split('\n\n').flatMap((block) => {
    const [, event = 'message'] = /^event: (.*)$/m.exec(block) ?? [];
    const [, data = ''] = /^data: (.*)$/m.exec(block) ?? [];
    return block === '' ? [] : [{ event, data }];
  });
}

test('an operation is told as it changes, to its end', async () => {
  const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
  const { id } = running.operation();
  const reading = readEvents(`/operations/${id}/events`);
  await door.settle(() => door.watchers() === 1);
  await door.drive(running.ended);
  const events = await reading;
  const views = events.filter(({ event }) => event === 'view').map(({ data }) => operationView.parse(JSON.parse(data)));
  expect(views[0]?.status).toBe('running');
  expect(views.at(-1)?.status).toBe('succeeded');
  expect(events.at(-1)?.event).toBe('ended');
  const afterwards = await readEvents(`/operations/${id}/events`);
  expect(afterwards.map(({ event }) => event)).toEqual(['view', 'ended']);
});
