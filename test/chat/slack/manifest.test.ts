import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EVENT_SCOPES, slackManifest } from '../../../src/chat/slack/manifest.ts';
import { neededScopes, SCOPES_OF } from '../../../src/chat/slack/scopes.ts';
import { SHORTCUTS } from '../../../src/chat/slack/shortcuts.ts';
import { slackWords } from '../../../src/main-slack-words.ts';

const FOLDER = 'src/chat/slack';
const code = readdirSync(FOLDER)
  .map((name) => readFileSync(`${FOLDER}/${name}`, 'utf8'))
  .join('\n');

/** `client.chat.postMessage(` and the like, wherever they stand. */
function calledMethods(): string[] {
  const call =
    /\.((?:apps\.connections|auth|blocks|chat|conversations|files|pins|reactions|team|usergroups(?:\.users)?|users(?:\.profile)?|views)\.[a-zA-Z]+)\(/g;
  const found = [...code.matchAll(call)].map(([, method = '']) => method);
  // The connection over the socket is opened by the library.
  return [...new Set([...found, 'apps.connections.open'])].sort();
}

const manifest = slackManifest();
const overHttp = slackManifest('https://cml.example.org/');

describe('the manifest', () => {
  test('stands in a file, for those who have only that', () => {
    expect(JSON.parse(readFileSync('slack-manifest.json', 'utf8'))).toEqual(manifest);
  });

  test('asks for exactly the scopes that the code needs', () => {
    expect(calledMethods()).toEqual(Object.keys(SCOPES_OF).sort());
    expect(manifest.oauth_config.scopes).toEqual({ bot: neededScopes });
    const ofEvents = Object.values(EVENT_SCOPES).filter((scope) => scope !== undefined);
    expect(neededScopes).toEqual(expect.arrayContaining(ofEvents));
  });

  test('names the events, shortcuts and the command that the code listens to, and no other', () => {
    const events = [...code.matchAll(/app\.event\('([a-z_]+)'/g)].map(([, name]) => name);
    expect(manifest.settings.event_subscriptions.bot_events).toEqual(events.sort());
    expect(manifest.features.shortcuts.map(({ callback_id: id }) => id)).toEqual(Object.keys(SHORTCUTS));
    const words = slackWords.map(({ word }) => word);
    expect(words).toEqual(expect.arrayContaining(Object.values(SHORTCUTS).map(({ word }) => word)));
    expect(manifest.features.slash_commands).toMatchObject([{ command: '/cml', should_escape: true }]);
  });

  test('keeps to the lengths that Slack allows', () => {
    const { display_information: about, features } = manifest;
    expect(about.name.length).toBeLessThanOrEqual(35);
    expect(about.description.length).toBeLessThanOrEqual(140);
    expect(features.shortcuts.length).toBeLessThanOrEqual(10);
    for (const { name, description } of features.shortcuts) {
      expect(name.length).toBeLessThanOrEqual(24);
      expect(description.length).toBeLessThanOrEqual(150);
    }
  });

  test('is the same over HTTP but for the address, at the three places where Slack calls it', () => {
    const url = 'https://cml.example.org/slack/events';
    const { features, settings, ...rest } = overHttp;
    expect(settings).toEqual({
      ...manifest.settings,
      socket_mode_enabled: false,
      interactivity: { is_enabled: true, request_url: url },
      event_subscriptions: { ...manifest.settings.event_subscriptions, request_url: url },
    });
    expect(features).toEqual({
      ...manifest.features,
      slash_commands: manifest.features.slash_commands.map((command) => ({ ...command, url })),
    });
    expect({ ...manifest, ...rest }).toEqual(manifest);
    expect(JSON.stringify(manifest)).not.toContain('https://');
  });
});
