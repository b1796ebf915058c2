import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alice, bob } from '../../orchestrator/door.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
beforeEach(async () => {
  world = await createSlackWorld();
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

async function homeOf(user: string): Promise<string> {
  const before = world.slack.home(user)?.hash;
  await world.slack.openHome(user);
  const home = await world.slack.when(() => {
    const now = world.slack.home(user);
    return now && now.hash !== before ? now : undefined;
  });
  return JSON.stringify(home.view);
}

describe('the home', () => {
  test('shows each workspace with its last backup, and which has none', async () => {
    expect(await homeOf('UALICE')).toContain('no backup yet');
    await world.door.backUp();
    const home = await homeOf('UALICE');
    expect(home).not.toContain('no backup yet');
    expect(home).toContain('Nothing waits for your approval.');
    expect(home).not.toContain('OVERDUE');
    world.door.setUpkeep({ workspaces: { 'team-ml': { rpoMs: 0 } } });
    world.door.world.time.pass(1_000);
    expect(await homeOf('UALICE')).toContain('OVERDUE');
  });

  test('shows an approver what waits for them, and lets them decide there', async () => {
    const backup = await world.door.backUp();
    const { id } = await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
    expect(await homeOf('UALICE')).not.toContain('say:approve');
    expect(await homeOf('UBOB')).toContain('say:approve');
    const home = world.slack.home('UBOB');
    if (!home) throw new Error('bob has a home');
    await world.slack.click('UBOB', home, 'say:approve:0');
    await world.slack.when(() => (world.slack.dms('UBOB').length > 0 ? true : undefined));
    expect(await world.door.catalog.requests.get(id)).toMatchObject({ votes: [{ by: { name: 'bob' } }] });
    await world.slack.when(() => (JSON.stringify(world.slack.home('UBOB')).includes('say:approve') ? undefined : true));
    for (const running of world.door.orchestrator.running()) {
      await running.cancel(alice);
      await world.door.drive(running.ended);
    }
  });

  test('says where a request is decided, when that is not in Slack', async () => {
    await world.dispose();
    const settings = { approvals: { by: 'web' }, catalogUrl: 'https://cml.example.org' };
    world = await createSlackWorld({ settings });
    const backup = await world.door.backUp();
    await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
    const home = await homeOf('UBOB');
    expect(home).not.toContain('say:approve');
    expect(home).toContain('decide on the catalog page (https://cml.example.org) or in a terminal');
  });

  test('shows when services will stop, with a way to postpone and to cancel', async () => {
    const running = await world.door.orchestrator.requestBackup(bob, { workspace: 'team-ml' });
    await world.door.settle(() => running.view().stopsAt !== undefined);
    const home = await homeOf('UALICE');
    expect(home).toContain('services stop at');
    expect(home).toContain('say:postpone:0');
    const shown = world.slack.home('UALICE');
    if (!shown) throw new Error('alice has a home');
    await world.slack.click('UALICE', shown, 'say:cancel:1');
    await world.door.drive(running.ended);
  });

  test('is redrawn for who looked at it, when something changed', async () => {
    await homeOf('UALICE');
    await world.door.backUp();
    world.slackDoor.homeChanged();
    await world.slack.when(() =>
      JSON.stringify(world.slack.home('UALICE')).includes('no backup yet') ? undefined : true,
    );
    expect(world.slack.home('UBOB')).toBeUndefined();
  });

  test('of somebody who is not known tells what to write into the configuration', async () => {
    expect(await homeOf('USTRANGER')).toContain('{ slack: USTRANGER }');
  });
});
