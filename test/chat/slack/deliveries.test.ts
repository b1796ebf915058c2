import { describe, expect, test } from 'vitest';
import { createDeliveries } from '../../../src/chat/slack/deliveries.ts';
import { createSlackWorld } from './slack-world.ts';

describe('what Slack delivers', () => {
  test('is known again for a quarter of an hour', () => {
    let now = 0;
    const deliveries = createDeliveries(() => now);
    expect([deliveries.isNew('a'), deliveries.isNew('a'), deliveries.isNew('b')]).toEqual([true, false, true]);
    now = 14 * 60_000;
    expect(deliveries.isNew('a')).toBe(false);
    now = 16 * 60_000;
    expect(deliveries.isNew('a')).toBe(true);
  });

  test('over the socket for the second time says nothing twice', async () => {
    const world = await createSlackWorld();
    const typed = await world.slack.type('UALICE', 'CML', '/cml list');
    await world.told('UALICE');
    const again = await world.slack.deliveries.again(typed);
    expect(again.error).toBeUndefined();
    await world.slack.type('UALICE', 'CML', '/cml help');
    await world.toldOf('UALICE', 'Explain all words');
    expect(world.slack.ephemerals('UALICE')).toHaveLength(2);
    await world.dispose();
  });

  test('by HTTP is refused when it is replayed late, from the future, from before our time, or signed by another', async () => {
    const world = await createSlackWorld({ settings: { mode: 'http' } });
    const now = Math.floor(Date.now() / 1_000);
    const said: [string, { signedAt?: number; signingSecret?: string }][] = [
      ['late', { signedAt: now - 360 }],
      ['from the future', { signedAt: now + 600 }],
      ['from before this process', { signedAt: now - 120 }],
      ['of another app', { signingSecret: 'not ours' }],
    ];
    for (const [, options] of said) {
      expect(await world.slack.type('UALICE', 'CML', '/cml list', options)).toMatchObject({ status: 401 });
    }
    const typed = await world.slack.type('UALICE', 'CML', '/cml list');
    await world.told('UALICE');
    // The very same bytes once more: taken, and not done.
    await world.slack.deliveries.again(typed);
    await world.slack.type('UALICE', 'CML', '/cml help');
    await world.toldOf('UALICE', 'Explain all words');
    expect(world.slack.ephemerals('UALICE')).toHaveLength(2);
    await world.dispose();
  });

  test('by HTTP is taken when a proxy names the character set, and the door says that it lives', async () => {
    const world = await createSlackWorld({ settings: { mode: 'http' } });
    const typed = await world.slack.type('UALICE', 'CML', '/cml list');
    const wire = typed.wire;
    if (!wire) throw new Error('it came by HTTP');
    const headers = { ...wire.headers, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const url = world.url;
    const response = await fetch(`${url}/slack/events`, { method: 'POST', headers, body: wire.body });
    expect(response.status).toBe(200);
    expect(await (await fetch(`${url}/health`)).text()).toBe('ok');
    await world.dispose();
  });

  test('from another Slack workspace is refused', async () => {
    const world = await createSlackWorld({ settings: { team: 'T0OTHER' } });
    await world.slack.type('UALICE', 'CML', '/cml list');
    expect(await world.told('UALICE')).toContain('T0TEAM is not the one that is served here');
    await world.dispose();
  });
});
