import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDeliveries } from '../../../src/chat/slack/deliveries.ts';
import { createLog } from '../../../src/log.ts';
import { createSlackWorld } from './slack-world.ts';

describe('what Slack delivers', () => {
  function given() {
    const folder = mkdtempSync(join(tmpdir(), 'cml-deliveries-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'deliveries.jsonl');
    const warned: string[] = [];
    const log = createLog({ write: (line: string) => void warned.push(line) }, 'warn');
    const time = { now: Date.parse('2026-11-23T12:00:00Z') };
    return { path, time, warned, live: () => createDeliveries({ path, now: () => time.now, log }) };
  }

  test('is known again for a quarter of an hour', () => {
    const { time, live } = given();
    const deliveries = live();
    expect([deliveries.isNew('a'), deliveries.isNew('a'), deliveries.isNew('b')]).toEqual([true, false, true]);
    time.now += 14 * 60_000;
    expect(deliveries.isNew('a')).toBe(false);
    time.now += 2 * 60_000;
    expect(deliveries.isNew('a')).toBe(true);
  });

  test('is known to the next life, for as long, and whatever stands behind what was written last', () => {
    const { path, time, live } = given();
    const odd = 'press:1.2:U"1\n:say:approve:0';
    expect([live().isNew('a'), live().isNew(odd)]).toEqual([true, true]);
    appendFileSync(path, '[17000');
    const next = live();
    expect([next.isNew('a'), next.isNew(odd), next.isNew('b')]).toEqual([false, false, true]);
    time.now += 16 * 60_000;
    expect([live().isNew('a'), live().isNew('b')]).toEqual([true, true]);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3); // what is old is gone
  });

  test('is known in this life where it cannot be written down, which is told', () => {
    const { path, warned, live } = given();
    mkdirSync(path);
    const deliveries = live();
    expect([deliveries.isNew('a'), deliveries.isNew('a')]).toEqual([true, false]);
    expect(warned.join()).toContain('could not be written down');
  });

  test('to an earlier life is not done again by the next', async () => {
    const world = await createSlackWorld();
    const typed = await world.slack.type('UALICE', 'CML', '/cml backup team-ml');
    await world.toldOf('UALICE', 'has begun');
    await world.restart();
    expect((await world.slack.deliveries.again(typed)).error).toBeUndefined();
    await world.slack.type('UALICE', 'CML', '/cml help');
    await world.toldOf('UALICE', 'Explain all words');
    expect(world.slack.ephemerals('UALICE')).toHaveLength(2);
    const [running] = world.door.orchestrator.running();
    await running?.cancel(running.operation().by);
    await world.door.drive(Promise.resolve(running?.ended));
    await world.dispose();
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
    world.configure({ team: 'T0TEAM' }); // an edit of cml.yaml counts at once
    await world.slack.type('UALICE', 'CML', '/cml list');
    expect(await world.told('UALICE', 2)).toContain('There are no backups');
    await world.dispose();
  });
});
