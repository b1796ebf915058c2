import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

describe.each(['socket', 'http'] as const)('a word said in Slack over %s', (mode) => {
  let world: SlackWorld;
  beforeEach(async () => {
    world = await createSlackWorld({ settings: { mode } });
  });
  afterEach(async () => {
    expect(world.bugs).toEqual([]);
    await world.dispose();
  });

  test('is acknowledged at once and answered to the asker alone', async () => {
    const delivery = await world.slack.type('UALICE', 'CML', '/cml list');
    expect(delivery.error).toBeUndefined();
    expect(delivery.ackMs).toBeLessThan(1_000);
    expect(await world.told('UALICE')).toBe('There are no backups yet.\nMake one: /cml backup &lt;workspace&gt;');
    expect(world.slack.ephemerals('UBOB')).toEqual([]);
    expect(world.slack.history('CML')).toEqual([]);
  });

  test('begins an operation by the person whose account it is', async () => {
    await world.slack.type('UALICE', 'CML', '/cml backup team-ml —reason “before the upgrade”');
    expect(await world.told('UALICE')).toMatch(/The backup of team-ml has begun as op_\w+\.\nFollow it: \/cml status/);
    const [running] = world.door.orchestrator.running();
    expect(running?.operation()).toMatchObject({
      by: { name: 'alice', proof: 'slack', slack: 'UALICE' },
      reason: 'before the upgrade',
    });
    await world.slack.type('UBOB', 'CML', `/cml cancel ${running?.operation().id}`);
    expect(await world.told('UBOB')).toContain('is being cancelled');
    await world.door.drive(running?.ended ?? Promise.reject(new Error('nothing runs')));
  });

  test('is said where others are, when it begins something and they would not hear of it', async () => {
    await world.slack.type('UALICE', 'COTHER', '/cml backup team-ml');
    const [said] = await world.slack.when(() =>
      world.slack.history('COTHER').length > 0 ? world.slack.history('COTHER') : undefined,
    );
    expect(said?.text).toMatch(/^<@UALICE> The backup of team-ml has begun/);
    const [running] = world.door.orchestrator.running();
    await world.door.orchestrator.cancel(running?.operation().by ?? never(), running?.operation().id ?? '');
    await world.door.drive(running?.ended ?? never());
  });

  test('is refused kindly, in private, with what to do', async () => {
    await world.slack.type('UALICE', 'CML', '/cml backup team-m');
    expect(await world.told('UALICE')).toBe('❌ There is no workspace "team-m".\nDid you mean "team-ml"?');
    await world.slack.type('UALICE', 'CML', '/cml bakup team-ml');
    expect(await world.told('UALICE', 2)).toBe('❌ There is no word "bakup".\nDid you mean "backup"?');
    await world.slack.type('UALICE', 'CML', '/cml backup team-ml --reason "before');
    expect(await world.told('UALICE', 3)).toContain('does not end');
  });

  test('of somebody who is not known tells what to write into the configuration', async () => {
    await world.slack.type('USTRANGER', 'CML', '/cml status');
    expect(await world.told('USTRANGER')).toBe(
      '❌ Your Slack account USTRANGER is not known here.\nWhoever may write cml.yaml adds it under "people": &lt;name&gt;: { slack: USTRANGER }',
    );
  });

  test('is explained by help, with the line as it is typed here', async () => {
    await world.slack.type('UALICE', 'CML', '/cml help');
    expect(await world.told('UALICE')).toContain(
      '/cml <word> [options]'.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    );
    await world.slack.type('UALICE', 'CML', '/cml help backup');
    expect(await world.told('UALICE', 2)).toContain('--notice &lt;time&gt;');
  });

  test('never ends anything, however odd the line', async () => {
    const lines = [
      '"',
      '--',
      '-',
      '--help',
      '-V',
      '; rm -rf /',
      '$(x) `x`',
      'backup --',
      '\u0000',
      '🙂'.repeat(400),
      'status --x=1',
    ];
    for (const [index, line] of lines.entries()) {
      const delivery = await world.slack.type('UALICE', 'CML', `/cml ${line}`);
      expect(delivery.error).toBeUndefined();
      await world.told('UALICE', index + 1);
    }
    expect(world.bugs).toEqual([]);
  });
});

function never(): never {
  throw new Error('nothing runs');
}
