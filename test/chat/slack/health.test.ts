import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
beforeEach(async () => {
  world = await createSlackWorld();
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

const problem = (has: string) => world.slack.when(() => (world.health.problem()?.includes(has) ? true : undefined));
const warnings = (has: string) => world.logged.filter((line) => line.includes('"level":40') && line.includes(has));

async function answers(): Promise<void> {
  const before = world.slack.ephemerals('UALICE').length;
  expect((await world.slack.type('UALICE', 'CML', '/cml list')).error).toBeUndefined();
  await world.told('UALICE', before + 1);
}

describe('the connection to Slack', () => {
  test('is renewed when Slack asks for it, and is not missed meanwhile', async () => {
    await world.slack.when(() => (world.slack.links.open() === 2 ? true : undefined));
    world.slack.links.refresh();
    const opened = () => world.slack.requests.filter(({ method }) => method === 'apps.connections.open').length;
    await world.slack.when(() => (opened() === 4 && world.slack.links.open() === 2 ? true : undefined));
    await answers();
    expect(world.health.problem()).toBeUndefined();
    expect(warnings('no connection')).toEqual([]);
  });

  test('that breaks comes back by itself, and both are told once', async () => {
    world.slack.faults.down();
    await problem('There is no connection to Slack');
    world.slack.faults.up();
    await world.slack.when(() => (world.health.problem() === undefined ? true : undefined), 20_000);
    await world.slack.when(() => (world.slack.links.open() > 0 ? true : undefined));
    await answers();
    expect(warnings('There is no connection to Slack')).toHaveLength(1);
  });

  test('that is switched off in the settings of the app is named as that', async () => {
    world.slack.links.disable();
    await problem('Socket Mode is switched off');
    expect(warnings('Socket Mode is switched off')).toHaveLength(1);
  });
});

describe('a token or a right that is gone', () => {
  test('is named in one line, with the scope that is lacking', async () => {
    world.slack.scopes.delete('chat:write');
    world.slack.shortcut('UALICE', 'cml_backup').catch(() => undefined);
    await world.slack.when(() => world.slack.modals('UALICE').at(-1));
    await world.slack.submit('UALICE', { 'field:workspace': 'team-ml', 'field:notice': '1h' });
    await problem('lacks the scope chat:write');
    expect(warnings('lacks the scope chat:write')).toHaveLength(1);
    world.slack.scopes.add('chat:write');
    await world.slack.type('UALICE', 'CML', '/cml backup');
    await world.slack.when(() => world.slack.modals('UALICE').at(-1));
    await world.slack.submit('UALICE', { 'field:workspace': 'team-ml' });
    for (const running of world.door.orchestrator.running()) {
      await running.cancel(running.operation().by);
      await world.door.drive(running.ended);
    }
  });

  test('is named when Slack says so, or refuses it', async () => {
    await world.slack.happen({ type: 'tokens_revoked', tokens: { bot: ['U0CMLBOT'] } });
    await problem('were revoked');
    world.slack.tokens.end('bot', 'account_inactive');
    await world.slack.shortcut('UALICE', 'cml_backup');
    await problem('SLACK_BOT_TOKEN (account_inactive)');
  });

  test('of the app token leaves the server alive and says which it is', async () => {
    world.slack.tokens.end('app', 'invalid_auth');
    world.slack.links.drop();
    await problem('SLACK_APP_TOKEN (invalid_auth)');
    expect(world.bugs).toEqual([]);
  });
});
