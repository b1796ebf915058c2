import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSlackHealth } from '../../../src/chat/slack/health.ts';
import { pauseAfter } from '../../../src/chat/slack/reconnecting.ts';
import { createSockets, type Sockets } from '../../../src/chat/slack/sockets.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { createSlackDouble, type SlackDouble } from '../../fakes/slack/double.ts';

const log = createLog({ write: () => undefined }, 'silent');

/** Time that passes only when it is told to; whoever sleeps is counted. */
function createHandClock() {
  const sleeping = new Set<{ readonly ms: number; readonly wake: () => void }>();
  const slept: number[] = [];
  let now = 0;
  let looks = 0;
  const clock: Clock = {
    now: () => {
      looks += 1;
      return new Date(now);
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        slept.push(ms);
        const one = { ms, wake: resolve };
        sleeping.add(one);
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  return {
    clock,
    slept,
    sleeping,
    looks: () => looks,
    pass(ms: number) {
      now += ms;
    },
    wake() {
      for (const one of sleeping) one.wake();
      sleeping.clear();
    },
  };
}

let slack: SlackDouble;
let sockets: Sockets | undefined;
let hand: ReturnType<typeof createHandClock>;
const health = createSlackHealth(log);

beforeEach(async () => {
  slack = await createSlackDouble({ rates: 'none' });
  hand = createHandClock();
});
afterEach(async () => {
  const closing = sockets?.close();
  hand.wake(); // nobody waits for what does not close
  await closing;
  await slack.dispose();
});

async function open(connections: number): Promise<void> {
  const { appToken, apiUrl } = slack;
  sockets = createSockets({ appToken, apiUrl, clock: hand.clock, log, health, connections });
  await sockets.open();
}

const asked = () => slack.requests.filter(({ method }) => method === 'apps.connections.open').length;
const untilAsked = (times: number) => slack.when(() => (asked() >= times ? true : undefined));
const untilOpen = (count: number) => slack.when(() => (slack.links.open() === count ? true : undefined));
/** We have seen it too: the clock is looked at when a connection opens, and when it ends. */
const untilOpened = async (times: number) => {
  await untilOpen(1);
  await slack.when(() => (hand.looks() === 2 * times - 1 ? true : undefined));
};
const untilSleeping = () => slack.when(() => (hand.sleeping.size > 0 ? true : undefined));

describe('connections to Slack', () => {
  test('that were good for hours are renewed without a pause, however often', async () => {
    await open(1);
    for (const times of [2, 3, 4]) {
      await untilOpened(times - 1);
      hand.pass(3_600_000);
      slack.links.refresh();
      await slack.when(() => (hand.slept.length === times - 1 ? true : undefined));
      hand.wake();
      await untilAsked(times);
    }
    expect(hand.slept).toEqual([0, 0, 0]);
    expect(health.problem()).toBeUndefined();
  });

  test('that Slack renews at once, again and again, are asked for ever less often, and that is told', async () => {
    await open(1);
    for (const times of [2, 3, 4, 5]) {
      await untilOpened(times - 1);
      slack.links.refresh();
      await untilSleeping();
      await untilOpen(0);
      if (times > 2) expect(health.problem('connection')).toContain('no connection to Slack');
      hand.wake();
      await untilAsked(times);
    }
    expect(hand.slept).toEqual([0, 500, 1_000, 2_000]);
    await untilOpen(1);
    await slack.when(() => (health.problem() === undefined ? true : undefined));
  });

  test('of which there are too many are not fought for: the others are used, and why stands in the health', async () => {
    await open(1);
    const others = createSockets({ ...slack, clock: hand.clock, log, health: createSlackHealth(log), connections: 9 });
    await others.open();
    await untilOpen(10);
    const late = createSockets({ ...slack, clock: hand.clock, log, health, connections: 1 });
    await late.open();
    await untilSleeping();
    expect(health.problem('connection')).toContain('too many programs');
    expect(hand.slept).toEqual([60_000]);
    expect(slack.links.open()).toBe(10);
    const closing = others.close();
    await untilOpen(1);
    hand.wake(); // a minute later there is room
    await untilOpen(2);
    await slack.when(() => (health.problem() === undefined ? true : undefined));
    hand.wake();
    await closing;
    await late.close();
  });

  test('are never waited for longer than two minutes', () => {
    for (const ending of ['renewed', 'lost', 'too-many', 'switched-off', 'refused'] as const) {
      const pauses = Array.from({ length: 1_000 }, (_, at) => pauseAfter(ending, at + 1));
      expect(Math.max(...pauses)).toBeLessThanOrEqual(120_000);
      expect(Math.min(...pauses.slice(1))).toBeGreaterThan(0);
    }
  });
});
