import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { alice } from '../../orchestrator/door.ts';
import type { Row } from './fault-rows.ts';
import { createSlackWorld, type SlackWorld, type SlackWorldOptions } from './slack-world.ts';

const LINE = '/cml backup team-ml';
const ONE = 'one operation, however often it comes';

async function withWorld(options: SlackWorldOptions, play: (world: SlackWorld) => Promise<string>): Promise<string> {
  const world = await createSlackWorld(options);
  try {
    const seen = await play(world);
    expect(world.bugs).toEqual([]);
    return seen;
  } finally {
    for (const running of world.door.orchestrator.running()) {
      await running.cancel(alice);
      await world.door.drive(running.ended);
    }
    await world.dispose();
  }
}

/** How many backups have begun; two would mean that one delivery counted twice. */
function begun({ door }: SlackWorld): number {
  return door.orchestrator.running().length;
}

/** Something else is said and answered: whatever came before it has had its effect by then. */
async function sayAnother({ slack, told }: SlackWorld): Promise<void> {
  const before = slack.ephemerals('UCAROL').length;
  await slack.type('UCAROL', 'CML', '/cml help');
  await told('UCAROL', before + 1);
}

const http: SlackWorldOptions = { settings: { mode: 'http' } };

function refusedAt(fault: string, injected: string, options: { signedAt?: number; signingSecret?: string }): Row {
  return {
    fault,
    injected,
    expected: 'refused (401), and nothing is begun',
    play: () =>
      withWorld(http, async (world) => {
        const { status } = await world.slack.type('UALICE', 'CML', LINE, options);
        await sayAnother(world);
        expect([status, begun(world)]).toEqual([401, 0]);
        return `${status}, ${begun(world)} operations`;
      }),
  };
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

const reconnect = (fault: string, injected: string, disturb: (world: SlackWorld) => void): Row => ({
  fault,
  injected,
  expected: `${ONE}: who saw an error and types again is told that it runs`,
  play: () =>
    withWorld({}, async (world) => {
      await world.slack.when(() => (world.slack.links.open() === 2 ? true : undefined));
      const typing = world.slack.type('UALICE', 'CML', LINE);
      await turn();
      disturb(world);
      // The two connections that are replaced, and both new ones.
      const opened = () => world.slack.requests.filter(({ method }) => method === 'apps.connections.open').length;
      await world.slack.when(() => (opened() >= 4 && world.slack.links.open() === 2 ? true : undefined), 10_000);
      const again = await world.slack.type('UALICE', 'CML', LINE);
      expect(again.error).toBeUndefined();
      await sayAnother(world);
      await world.slack.when(() => (begun(world) > 0 ? true : undefined));
      expect(begun(world)).toBe(1);
      const { error = 'acknowledged' } = await typing;
      return `${begun(world)} operation; the first line: ${error}`;
    }),
});

/** What the way from Slack to us does wrong. */
export const deliveryRows: readonly Row[] = [
  reconnect('reconnect during ack', 'Slack renews every connection as the line arrives', ({ slack }) =>
    slack.links.refresh(),
  ),
  reconnect('connection lost during ack', 'every connection is cut as the line arrives', ({ slack }) =>
    slack.links.drop(),
  ),
  {
    fault: 'duplicate envelope',
    injected: 'the same envelope twice more over the socket',
    expected: `${ONE}, answered once`,
    play: () =>
      withWorld({}, async (world) => {
        const typed = await world.slack.type('UALICE', 'CML', LINE);
        await Promise.all([world.slack.deliveries.again(typed), world.slack.deliveries.again(typed)]);
        await sayAnother(world);
        await world.told('UALICE');
        const answers = world.slack.ephemerals('UALICE').length;
        expect([begun(world), answers]).toEqual([1, 1]);
        return `${begun(world)} operation, ${answers} answer`;
      }),
  },
  {
    fault: 'duplicate envelope after a restart',
    injected: 'the same envelope to the next life of the server, when the first one has begun it and ended',
    expected: `${ONE}, answered once`,
    play: () =>
      withWorld({}, async (world) => {
        const typed = await world.slack.type('UALICE', 'CML', LINE);
        await world.told('UALICE');
        for (const running of world.door.orchestrator.running()) {
          await running.cancel(alice);
          await world.door.drive(running.ended);
        }
        await world.restart();
        expect((await world.slack.deliveries.again(typed)).error).toBeUndefined();
        await sayAnother(world);
        const answers = world.slack.ephemerals('UALICE').length;
        expect([begun(world), answers]).toEqual([0, 1]);
        return `acknowledged, ${begun(world)} operations more, ${answers} answer`;
      }),
  },
  {
    fault: 'replayed signature',
    injected: 'the very same bytes by HTTP, within their five minutes',
    expected: ONE,
    play: () =>
      withWorld(http, async (world) => {
        const typed = await world.slack.type('UALICE', 'CML', LINE);
        const { status } = await world.slack.deliveries.again(typed);
        await sayAnother(world);
        await world.told('UALICE');
        expect([begun(world), world.slack.ephemerals('UALICE').length]).toEqual([1, 1]);
        return `${status}, and ${begun(world)} operation`;
      }),
  },
  refusedAt('future signature', 'signed ten minutes ahead', { signedAt: inSeconds(600) }),
  refusedAt('old signature', 'signed six minutes ago', { signedAt: inSeconds(-360) }),
  refusedAt("another app's signature", 'signed with another secret', { signingSecret: 'not ours' }),
];
