import { expect, it } from 'vitest';
import { announceToPeople } from '../../src/operation/countdown.ts';
import type { JournalEvent } from '../../src/records/operation.ts';
import { createFakeChat, createFakeChatStore } from '../fakes/chat.ts';
import { momentAfter } from '../fakes/records.ts';
import { createSmallWorld, given, NOTICE_MS } from './small-story.ts';

const at = momentAfter(0);
const bob = { name: 'bob', proof: 'uid', uid: 1001 } as const;
const message = { key: 'op:stop', workspace: 'team-ml', tone: 'warning', text: 'services stop soon' } as const;

it('stops services when the notice is over, not before', async () => {
  const world = createSmallWorld();
  let stoppedAt = 0;
  const stop = async () => {
    stoppedAt = world.time.now();
  };
  await world.end(world.begin({ stop }));
  expect(stoppedAt - Date.parse(at)).toBe(NOTICE_MS);
  expect(world.announced).toEqual([new Date(stoppedAt).toISOString()]);
});

it('waits for the moment to which people moved it', async () => {
  const world = createSmallWorld();
  const later = momentAfter(45);
  let stoppedAt = '';
  const stop = async () => {
    stoppedAt = new Date(world.time.now()).toISOString();
  };
  const running = world.begin({ stop });
  await world.time.drive(new Promise<void>((resolve) => world.time.alarm(Date.parse(momentAfter(5)), resolve)));
  await running.postpone(bob, new Date(later));
  expect(running.view().stopsAt).toBe(later);
  await world.end(running);
  expect(stoppedAt).toBe(later);
});

it('cannot be postponed once services are being stopped', async () => {
  const world = createSmallWorld();
  let refused: unknown;
  const arm = async () => {
    refused = await running.postpone(bob, new Date(momentAfter(45))).catch((error: unknown) => error);
  };
  const running = world.begin({ arm });
  await world.end(running);
  expect(refused).toMatchObject({ code: 'too-late' });
});

it('cannot be postponed before anyone was told', async () => {
  const world = createSmallWorld();
  let refused: unknown;
  const look = async () => {
    refused = await running.postpone(bob, new Date(momentAfter(45))).catch((error: unknown) => error);
  };
  const running = world.begin({ look });
  await world.end(running);
  expect(refused).toMatchObject({ code: 'too-late' });
});

it('is announced anew when what comes first took longer than the notice', async () => {
  const world = createSmallWorld();
  const preCopy = ({ sleep }: { sleep(ms: number): Promise<void> }) => sleep(3 * NOTICE_MS);
  let stoppedAt = 0;
  const stop = async () => {
    stoppedAt = world.time.now();
  };
  await world.end(world.begin({ 'pre-copy': preCopy, stop }));
  expect(stoppedAt - Date.parse(at)).toBe(4 * NOTICE_MS);
  expect(world.announced.at(-1)).toBe(new Date(stoppedAt).toISOString());
});

it('never stops at a time that passed while nobody was there: it is announced anew', async () => {
  const world = createSmallWorld();
  const past: JournalEvent[] = [
    { type: 'began', at, mode: 'run' },
    { type: 'step-done', at, step: 'look', result: 1 },
    { type: 'announced', at, stopsAt: momentAfter(10) },
    { type: 'step-done', at, step: 'announce' },
    { type: 'step-began', at, step: 'countdown' },
  ];
  world.time.pass(60 * 60_000);
  const back = world.time.now();
  let stoppedAt = 0;
  const stop = async () => {
    stoppedAt = world.time.now();
  };
  await world.end(world.begin({ stop }, given(past)));
  expect(stoppedAt - back).toBe(NOTICE_MS);
  expect(world.announced.at(-1)).toBe(new Date(stoppedAt).toISOString());
});

it('lets a person go on when the chat is down', async () => {
  const store = createFakeChatStore();
  store.isDown = true;
  await announceToPeople(createFakeChat(store), message, 'person');
});

it('puts off what a schedule began when the chat is down or reaches nobody', async () => {
  const store = createFakeChatStore();
  store.people = 0;
  const chat = createFakeChat(store);
  await expect(announceToPeople(chat, message, 'schedule')).rejects.toMatchObject({ code: 'preflight-failed' });
  await announceToPeople(chat, message, 'person');
  store.isDown = true;
  await expect(announceToPeople(chat, message, 'schedule')).rejects.toMatchObject({ code: 'chat-unavailable' });
});

it('keeps to a moment that people moved, when it is postponed while things are looked at again', async () => {
  const world = createSmallWorld();
  const later = momentAfter(45);
  let stoppedAt = '';
  const stop = async () => {
    stoppedAt = new Date(world.time.now()).toISOString();
  };
  world.looks.push(() => running.postpone(bob, new Date(later)));
  const running = world.begin({ stop });
  await world.end(running);
  expect(stoppedAt).toBe(later);
});

it('keeps to a later moment after a restart: it is said again and not moved', async () => {
  const world = createSmallWorld();
  const later = momentAfter(120);
  const past: JournalEvent[] = [
    { type: 'began', at, mode: 'run' },
    { type: 'step-done', at, step: 'look', result: 1 },
    { type: 'announced', at, stopsAt: momentAfter(10) },
    { type: 'step-done', at, step: 'announce' },
    { type: 'step-began', at, step: 'countdown' },
    { type: 'postponed', at, by: bob, stopsAt: later },
  ];
  let stoppedAt = '';
  const stop = async () => {
    stoppedAt = new Date(world.time.now()).toISOString();
  };
  await world.end(world.begin({ stop }, given(past)));
  expect(stoppedAt).toBe(later);
  expect(world.announced).toEqual([later]);
});

it('never begins to stop services once the process is about to end', async () => {
  const world = createSmallWorld();
  let armed = false;
  const arm = async () => {
    armed = true;
  };
  const running = world.begin({ arm });
  running.hold();
  await expect(world.end(running)).rejects.toThrow('waits for ever');
  expect(armed).toBe(false);
  expect(running.operation().status).toBe('running');
});
