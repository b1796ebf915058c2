import { expect, test } from 'vitest';
import { createHub } from '../../../src/chat/terminal/hub.ts';
import type { FollowEvent } from '../../../src/chat/terminal/protocol.ts';
import { makeMessage, makeView } from '../../contracts/chat.ts';
import { makeRequest } from '../../fakes/records.ts';

const said = (text: string, operationId?: string): FollowEvent => {
  const { operationId: _, details: __, ...message } = makeMessage({ text });
  return { type: 'message', message: { ...message, ...(operationId === undefined ? {} : { operationId }) } };
};

async function collect(events: AsyncIterable<FollowEvent>): Promise<FollowEvent[]> {
  const all: FollowEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const never = () => new AbortController().signal;

test('gives a follower its own operation and what concerns everybody, and ends with it', async () => {
  const hub = createHub();
  const view = makeView();
  const events = hub.follow({ operationId: view.id }, never());
  const ended = { ...view, status: 'failed' as const };
  expect(hub.publish({ type: 'view', view: makeView() })).toBe(0);
  expect(hub.publish(said('to all'))).toBe(1);
  expect(hub.publish(said('to others', makeView().id))).toBe(0);
  expect(hub.publish({ type: 'view', view })).toBe(1);
  expect(hub.publish({ type: 'view', view: ended })).toBe(1);
  expect(hub.publish(said('too late', view.id))).toBe(0);
  expect((await collect(events)).map((event) => (event.type === 'message' ? event.message.text : event.type))).toEqual([
    'to all',
    'view',
  ]);
});

test('tells who follows everything of each event, and counts on nobody there to have read it', async () => {
  const hub = createHub();
  const leaving = new AbortController();
  const all = collect(hub.follow({ all: true }, leaving.signal));
  expect(hub.publish(said('to all'))).toBe(0);
  await new Promise(setImmediate);
  leaving.abort();
  expect(await all).toHaveLength(1);
});

test('keeps only the newest picture and a bounded number of messages for a follower that does not read', async () => {
  const hub = createHub();
  const view = makeView();
  const events = hub.follow({ operationId: view.id }, never());
  for (let bytesDone = 0; bytesDone < 1_000; bytesDone += 1) {
    hub.publish({ type: 'view', view: { ...view, progress: { bytesDone } } });
    hub.publish(said(`${bytesDone}`));
  }
  hub.publish({ type: 'view', view: { ...view, status: 'succeeded' } });
  const all = await collect(events);
  expect(all.length).toBeLessThanOrEqual(200);
  expect(all.filter(({ type }) => type === 'view')).toHaveLength(1);
  expect(all.at(-1)).toMatchObject({ type: 'view', view: { status: 'succeeded' } });
  expect(all.at(-2)).toMatchObject({ message: { text: '999' } });
});

test('follows a request through its approval until it is used', async () => {
  const hub = createHub();
  const request = makeRequest();
  const all = collect(hub.follow({ requestId: request.id }, never()));
  for (const status of ['pending', 'approved', 'used'] as const) {
    hub.publish({ type: 'request', request: { ...request, status } });
    await new Promise(setImmediate);
  }
  expect((await all).map((event) => event.type === 'request' && event.request.status)).toEqual([
    'pending',
    'approved',
    'used',
  ]);
});

test('lets a follower go when it is told to, and forgets it', async () => {
  const hub = createHub();
  const stop = new AbortController();
  const view = makeView();
  const all = collect(hub.follow({ operationId: view.id }, stop.signal));
  hub.publish({ type: 'view', view });
  await new Promise(setImmediate);
  stop.abort();
  expect(await all).toHaveLength(1);
  expect(hub.publish({ type: 'view', view })).toBe(0);
  expect(await collect(hub.follow({ operationId: view.id }, AbortSignal.abort()))).toEqual([]);
});
