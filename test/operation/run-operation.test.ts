import { expect, it } from 'vitest';
import { OperationError, PortError } from '../../src/errors.ts';
import type { JournalEvent } from '../../src/records/operation.ts';
import { momentAfter } from '../fakes/records.ts';
import { createSmallWorld, given, NOTICE_MS } from './small-story.ts';

const at = momentAfter(0);
const bob = { name: 'bob', proof: 'uid', uid: 1001 } as const;
const began = (step: string): JournalEvent => ({ type: 'step-began', at, step });
const did = (step: string, result?: number): JournalEvent => ({
  type: 'step-done',
  at,
  step,
  ...(result === undefined ? {} : { result }),
});
const firstLife: JournalEvent = { type: 'began', at, mode: 'run' };
const refusal = (retryable: boolean) => new PortError('platform-unavailable', 'not now', { retryable });

it('tells a story once, from the top to its end', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin());
  expect(world.done).toEqual(['look', 'pre-copy', 'arm', 'stop', 'start', 'record', 'release']);
  expect(ended).toMatchObject({ status: 'succeeded', outcome: { told: 'all' } });
  expect(world.chat.said.map(({ message }) => message.text)).toEqual(['succeeded: well']);
  expect([...world.store.ended.keys()]).toEqual([ended.id]);
});

it('tries again what says it is worth it', async () => {
  const world = createSmallWorld();
  let tries = 0;
  const look = async () => {
    tries += 1;
    if (tries < 3) throw refusal(true);
    return tries;
  };
  expect((await world.end(world.begin({ look }))).status).toBe('succeeded');
  expect(tries).toBe(3);
});

it('gives up after the declared number of tries', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin({ look: () => Promise.reject(refusal(true)) }));
  expect(world.done.filter((name) => name === 'look')).toHaveLength(3);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'platform-unavailable' } });
});

it('tries nothing again that does not say it is worth it', async () => {
  const world = createSmallWorld();
  await world.end(world.begin({ look: () => Promise.reject(refusal(false)) }));
  expect(world.done).toEqual(['look', 'release']);
});

it('gives up a step that takes too long', async () => {
  const world = createSmallWorld();
  const look = ({ sleep }: { sleep(ms: number): Promise<void> }) => sleep(1e9);
  const ended = await world.end(world.begin({ look }));
  expect(ended.error).toMatchObject({ code: 'timed-out' });
  expect(world.time.now() - Date.parse(at)).toBe(60_000);
});

it('is not held by work that does not listen to its signal', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin({ stop: () => new Promise(() => undefined) }, withTimeout()));
  expect(ended.error).toMatchObject({ code: 'timed-out' });
  expect(world.done).toEqual(['look', 'pre-copy', 'arm', 'stop', 'start', 'release']);
});

it('ends the whole operation when its time is over', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin({}, withTimeout(NOTICE_MS / 2)));
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'timed-out' } });
  expect(world.done).toEqual(['look', 'pre-copy', 'release']);
});

it('lets a bug through, with its end unwritten', async () => {
  const world = createSmallWorld();
  const running = world.begin({ look: () => Promise.reject(new TypeError('a bug')) });
  await expect(world.end(running)).rejects.toThrow('a bug');
  expect(world.chat.said).toEqual([]);
});

it('removes nothing after a bug, since the next life goes on from what was made', async () => {
  const world = createSmallWorld();
  const running = world.begin({ record: () => Promise.reject(new TypeError('a bug')) });
  await expect(world.end(running)).rejects.toThrow('a bug');
  expect(world.done).toEqual(['look', 'pre-copy', 'arm', 'stop', 'start', 'record']);
});

it('builds nothing on what an earlier life removed', async () => {
  const world = createSmallWorld();
  const past: JournalEvent[] = [firstLife, did('look', 1), { type: 'ensured', at, step: 'release' }];
  const ended = await world.end(world.begin({}, given(past)));
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
  expect(world.done).not.toContain('pre-copy');
});

it('cancels until the final step begins, and starts services first', async () => {
  const world = createSmallWorld();
  const stop = async ({ sleep }: { sleep(ms: number): Promise<void> }) => {
    await running.cancel(bob, 'not tonight');
    await sleep(1e9);
  };
  const running = world.begin({ stop });
  const ended = await world.end(running);
  expect(ended).toMatchObject({ status: 'cancelled', error: { message: 'Cancelled by bob: not tonight.' } });
  expect(world.done).toEqual(['look', 'pre-copy', 'arm', 'stop', 'start', 'release']);
});

it('refuses to cancel once the final step has begun', async () => {
  const world = createSmallWorld();
  let refused: unknown;
  const record = async () => {
    refused = await running.cancel(bob).catch((error: unknown) => error);
  };
  const running = world.begin({ record });
  expect((await world.end(running)).status).toBe('succeeded');
  expect(refused).toMatchObject({ code: 'too-late' });
});

it('neither cancels nor runs out of time within the final step', async () => {
  const world = createSmallWorld();
  const record = ({ sleep }: { sleep(ms: number): Promise<void> }) => sleep(50_000);
  const ended = await world.end(world.begin({ record }, withTimeout(NOTICE_MS + 10_000)));
  expect(ended.status).toBe('succeeded');
});

it('pages when services cannot be started at all', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin({ start: () => Promise.reject(refusal(false)) }));
  expect(world.done.filter((name) => name === 'start')).toHaveLength(4);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'services-still-down' } });
  expect(world.chat.said.map(({ how }) => how)).toEqual(['paged']);
});

it('does not try again to start on data of unknown state', async () => {
  const world = createSmallWorld();
  const start = () => Promise.reject(new OperationError('unknown-data', 'half of it'));
  expect((await world.end(world.begin({ start }))).error).toMatchObject({ code: 'services-still-down' });
  expect(world.done.filter((name) => name === 'start')).toHaveLength(1);
});

it('goes on when something could only not be cleaned up', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin({ release: () => Promise.reject(refusal(false)) }));
  expect(ended.status).toBe('succeeded');
  expect(world.warned).toEqual(['an ensured effect could not be done']);
});

it('answers recorded steps from the record and goes on after them', async () => {
  const world = createSmallWorld();
  const ended = await world.end(world.begin({}, given([firstLife, began('look'), did('look', 5)])));
  expect(world.done).toEqual(['pre-copy', 'arm', 'stop', 'start', 'record', 'release']);
  expect(ended.journal.filter(({ type }) => type === 'began')).toMatchObject([{ mode: 'run' }, { mode: 'resume' }]);
});

it('comes to the recorded failure again instead of trying anew', async () => {
  const world = createSmallWorld();
  const failed: JournalEvent = { type: 'step-failed', at, step: 'look', error: { code: 'disk-full', message: 'full' } };
  const ended = await world.end(world.begin({}, given([firstLife, began('look'), failed])));
  expect(world.done).toEqual(['release']);
  expect(ended.error).toMatchObject({ message: 'full' });
});

it('comes to a recorded failure of the announcement again, too', async () => {
  const world = createSmallWorld();
  const error = { code: 'preflight-failed', message: 'nobody was reached' };
  const past: JournalEvent[] = [firstLife, did('look', 1), { type: 'step-failed', at, step: 'announce', error }];
  await world.end(world.begin({}, given(past)));
  expect(world.done).toEqual(['release']);
});

it('unwinds when a record does not fit', async () => {
  const world = createSmallWorld();
  const past: JournalEvent[] = [firstLife, { type: 'step-done', at, step: 'look', result: 'not a number' }];
  const ended = await world.end(world.begin({}, given(past)));
  expect(ended.error).toMatchObject({ code: 'interrupted' });
  expect(world.done).toEqual(['release']);
});

it('only makes things whole after a death between stop and start', async () => {
  const world = createSmallWorld();
  const before = [firstLife, did('look', 1), did('announce'), did('pre-copy'), did('countdown')];
  const past = [...before, began('arm'), did('arm'), began('stop')];
  const ended = await world.end(world.begin({}, given(past)));
  expect(world.done).toEqual(['start', 'release']);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
});

it('pages when it cannot come to starting services because an earlier record does not fit', async () => {
  const world = createSmallWorld();
  const past: JournalEvent[] = [firstLife, { type: 'step-done', at, step: 'look', result: 'no number' }, began('arm')];
  const ended = await world.end(world.begin({}, given(past)));
  expect(ended.error).toMatchObject({ code: 'services-still-down' });
  expect(world.chat.said.map(({ how }) => how)).toEqual(['paged']);
});

it('keeps unwinding once it has unwound', async () => {
  const world = createSmallWorld();
  const unwound: JournalEvent[] = [
    { type: 'began', at, mode: 'unwind' },
    { type: 'ensured', at, step: 'start' },
  ];
  const past = [firstLife, did('look', 1), began('arm'), ...unwound];
  await world.end(world.begin({}, given(past)));
  expect(world.done).toEqual(['release']);
});

it('posts the end again, and closes, when it died right after writing it', async () => {
  const world = createSmallWorld();
  const operation = given([firstLife, { type: 'ended', at, status: 'failed' }], { status: 'failed', endedAt: at });
  await world.end(world.begin({}, operation));
  expect(world.done).toEqual([]);
  expect(world.chat.said).toHaveLength(1);
});

it('is cancelled in its next life when it died before it could stop', async () => {
  const world = createSmallWorld();
  const past: JournalEvent[] = [firstLife, did('look', 1), { type: 'cancelled', at, by: bob }];
  expect((await world.end(world.begin({}, given(past)))).status).toBe('cancelled');
  expect(world.done).toEqual(['release']);
});

it('removes nothing that a later life may need when the failure cannot be recorded', async () => {
  let isFull = false;
  const world = createSmallWorld(async (_name, act) => {
    if (isFull) throw new PortError('disk-full', 'no room');
    return act();
  });
  const arm = async () => {
    isFull = true;
  };
  const ended = await world.end(world.begin({ arm }));
  expect(world.done).toEqual(['look', 'pre-copy', 'arm', 'start']);
  expect(ended.error).toMatchObject({ code: 'disk-full' });
  expect(world.chat.said).toHaveLength(1);
  expect([...world.store.open.keys()]).toEqual([ended.id]);
});

it('writes an end that found no room as soon as there is some, so that no later life takes it up', async () => {
  let isFull = false;
  const world = createSmallWorld(async (name, act) => {
    if (isFull && name === 'save') throw new PortError('disk-full', 'no room');
    return act();
  });
  const release = async () => {
    isFull = true;
  };
  const ended = await world.end(world.begin({ release }));
  expect([...world.store.open.keys()]).toEqual([ended.id]);
  isFull = false;
  await world.time.drive(new Promise<void>((resolve) => world.time.alarm(world.time.now() + 60_000, resolve)));
  expect([...world.store.open.keys()]).toEqual([]);
  expect(JSON.parse(world.store.ended.get(ended.id) ?? '')).toMatchObject({
    status: 'succeeded',
    endedAt: ended.endedAt,
  });
  expect(world.chat.said).toHaveLength(1);
});

function withTimeout(timeout = NOTICE_MS * 2) {
  const operation = given();
  return { ...operation, settings: { ...operation.settings, policy: { ...operation.settings.policy, timeout } } };
}
