import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alice } from '../orchestrator/door.ts';
import { openWebDoor, type WebDoor } from './web-door.ts';

let door: WebDoor;
beforeEach(async () => {
  door = await openWebDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

interface Watcher {
  readonly events: readonly { event: string; data: string }[];
  readonly ended: Promise<void>;
  leave(): void;
}

/** Reads events as a browser would. */
async function watch(path: string): Promise<Watcher> {
  const leaving = new AbortController();
  const answer = await fetch(`${door.origin}${path}`, {
    headers: { 'x-test-person': 'bob' },
    signal: leaving.signal,
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const events: { event: string; data: string }[] = [];
  const read = async () => {
    let text = '';
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const lines = block.split('\n');
        const of = (field: string) =>
          lines.flatMap((line) => (line.startsWith(`${field}: `) ? [line.slice(field.length + 2)] : []));
        events.push({ event: of('event')[0] ?? 'message', data: of('data').join('\n') });
      }
    }
  };
  const ended = read().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return { events, ended, leave: () => leaving.abort() };
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 5_000; !holds(); await pause(5)) {
    if (performance.now() > end) throw new Error(`never came true: ${holds}`);
  }
}

describe('an operation that is watched', () => {
  test('is shown as it stands, then as it changes, to its end', async () => {
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    const id = running.operation().id;
    const watcher = await watch(`/operations/${id}/live`);
    await until(() => watcher.events.length > 0);
    expect(watcher.events[0]?.data).toContain('running');
    await door.drive(running.ended);
    await watcher.ended;
    const pictures = watcher.events.filter(({ event }) => event === 'message').map(({ data }) => data);
    expect(pictures.some((picture) => picture.includes('Services stop at'))).toBe(true);
    expect(pictures.at(-1)).toContain('succeeded');
    expect(watcher.events.map(({ event }) => event)).toContain('steering');
    expect(watcher.events.at(-1)?.event).toBe('ended');
  });

  test('that has ended says so and lets go, so that a page that comes back catches up', async () => {
    const backup = await door.backUp();
    const watcher = await watch(`/operations/${backup.replace('bkp_', 'op_')}/live`);
    await watcher.ended;
    expect(watcher.events.map(({ event }) => event)).toEqual(['message', 'ended']);
    expect(watcher.events[0]?.data).toContain('succeeded');
  });

  test('offers what can be done about it, and no more when it has ended', async () => {
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await door.settle(() => running.view().stopsAt !== undefined);
    const address = `/operations/${running.operation().id}/steering`;
    expect((await door.as('bob').get(address)).text).toMatch(/postpone[\s\S]*cancel/);
    await door.drive(running.ended);
    expect((await door.as('bob').get(address)).text).not.toContain('<form');
  });

  test('is not shown to somebody who is not known', async () => {
    const backup = await door.backUp();
    const answer = await fetch(`${door.origin}/operations/${backup.replace('bkp_', 'op_')}/live`);
    expect(answer.status).toBe(401);
    await answer.body?.cancel();
  });
});

/** Where the list that bob is shown listens. */
const listens = async () => /hx-sse:connect="([^"]+)"/.exec((await door.as('bob').get('/operations')).text)?.[1] ?? '';

test('a list is told that something changed, and is let go when the server closes', async () => {
  const watcher = await watch(await listens());
  expect(watcher.events).toEqual([]);
  await door.backUp();
  await until(() => watcher.events.some(({ event }) => event === 'changed'));
  const closing = door.close();
  await watcher.ended;
  await closing;
});

test('a list is told at once of what changed before it listened, and of a server that knows nothing of before', async () => {
  const seen = await listens();
  const isTold = async (address: string) => {
    const watcher = await watch(address);
    await until(() => watcher.events.some(({ event }) => event === 'changed'));
    watcher.leave();
    await watcher.ended;
  };
  await door.backUp();
  await isTold(seen);
  const newer = await listens();
  await door.close();
  await door.openAgain();
  // What is kept open to the server before is noticed to be gone by the first who uses it.
  await door.nobody.get('/').catch(() => undefined);
  await isTold(newer);
});

test('a watcher that leaves is forgotten', async () => {
  const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
  const watcher = await watch(`/operations/${running.operation().id}/live`);
  expect(door.watchers()).toBe(1);
  watcher.leave();
  await watcher.ended;
  await until(() => door.watchers() === 0);
  await door.orchestrator.cancel(alice, running.operation().id);
  await door.drive(running.ended);
});
