import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSlack, type SlackCheckOptions } from '../../../src/chat/slack/check.ts';
import { createSlackClients } from '../../../src/chat/slack/clients.ts';
import { createSlackHealth } from '../../../src/chat/slack/health.ts';
import { neededScopes } from '../../../src/chat/slack/scopes.ts';
import { slackSettings } from '../../../src/chat/slack/settings.ts';
import { createLog } from '../../../src/log.ts';
import { createSlackDouble, type SlackDouble } from '../../fakes/slack/double.ts';

let slack: SlackDouble;
beforeEach(async () => {
  slack = await createSlackDouble({ scopes: neededScopes });
  slack.people.add({ id: 'UALICE', name: 'alice' });
  slack.people.add({ id: 'UBOB', name: 'bob' });
  slack.channels.add({ id: 'CML', name: 'ml' });
  slack.channels.add({ id: 'CTEAM', name: 'team' });
  slack.groups.set('SOPS', ['UALICE', 'UBOB']);
});
afterEach(() => slack.dispose());

async function check(change: Partial<SlackCheckOptions['settings']> = {}, tokens = {}): Promise<string[]> {
  const log = createLog({ write: () => undefined }, 'silent');
  const given = { channel: 'CML', channels: { 'team-ml': 'CTEAM' }, apiUrl: slack.apiUrl, onCall: 'SOPS', ...change };
  const settings = slackSettings.parse(given);
  const { notify } = createSlackClients({
    botToken: slack.botToken,
    apiUrl: slack.apiUrl,
    log,
    health: createSlackHealth(log),
  });
  const found = await checkSlack({
    settings,
    tokens: { bot: slack.botToken, app: slack.appToken, ...tokens },
    people: { alice: 'UALICE', bob: 'UBOB' },
    clients: { notify },
    log,
  });
  return found.map(({ about, state, says }) => `${state} ${about}: ${says}`);
}

describe('the check of Slack', () => {
  test('finds everything in order', async () => {
    expect(await check()).toEqual([
      expect.stringMatching(/^good bot token: .* in .*T0TEAM/),
      `good scopes: exactly the ${neededScopes.length} that are needed`,
      'good app token: Socket Mode may be used',
      'good channel CML: #ml',
      'good channel CTEAM: #team',
      'good slack.onCall: a group of 2',
      'good people.alice: alice',
      'good people.bob: bob',
      'good messages: Slack takes our messages as they are drawn',
    ]);
    expect(slack.history('CML')).toEqual([]);
  });

  test('names a scope that is lacking, and one that is not needed', async () => {
    slack.scopes.delete('im:write');
    expect(await check()).toContainEqual(expect.stringMatching(/^bad scopes: The app lacks im:write/));
    slack.scopes.add('im:write').add('reactions:write');
    expect(await check()).toContainEqual('warning scopes: It may do more than it needs: reactions:write.');
  });

  test('names a channel that is archived, one without the app, and one that is not there', async () => {
    slack.channels.archive('CML');
    slack.channels.removeApp('CTEAM');
    const found = await check({ approvals: { channel: 'CNONE', by: 'buttons' } });
    expect(found).toContainEqual('bad channel CML: #ml is archived.');
    expect(found).toContainEqual(expect.stringContaining('The app is not in #team: invite it'));
    expect(found).toContainEqual('bad channel CNONE: Slack refuses it: channel_not_found.');
  });

  test('names a token that is worth nothing, one that is not set, and one of another workspace', async () => {
    slack.tokens.end('app', 'invalid_auth');
    expect(await check({ team: 'T0OTHER' })).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^bad bot token: It is of the Slack workspace T0TEAM/),
        'bad app token: Slack refuses it: invalid_auth.',
      ]),
    );
    expect(await check({}, { app: undefined })).toContainEqual('bad app token: SLACK_APP_TOKEN is not set.');
    expect(await check({ mode: 'http' })).toContainEqual('bad signing secret: SLACK_SIGNING_SECRET is not set.');
  });

  test('names a person whose account is gone, and a group without people', async () => {
    slack.people.deactivate('UBOB');
    slack.groups.set('SOPS', []);
    expect(await check()).toEqual(
      expect.arrayContaining([
        'bad people.bob: The account UBOB is deactivated.',
        'bad slack.onCall: Nobody is in the group SOPS.',
      ]),
    );
  });
});
