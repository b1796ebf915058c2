import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SHORTCUTS } from '../../../src/chat/slack/listeners.ts';
import { neededScopes, SCOPES_OF } from '../../../src/chat/slack/scopes.ts';

const FOLDER = 'src/chat/slack';
const manifest = JSON.parse(readFileSync('slack-manifest.json', 'utf8'));
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

test('the manifest asks for exactly the scopes that the code needs', () => {
  expect(calledMethods()).toEqual(Object.keys(SCOPES_OF).sort());
  expect([...manifest.oauth_config.scopes.bot].sort()).toEqual(neededScopes);
  expect(manifest.oauth_config.scopes.user).toBeUndefined();
});

test('the manifest names the events, shortcuts and the command that the code listens to, and no other', () => {
  const events = [...code.matchAll(/app\.event\('([a-z_]+)'/g)].map(([, name]) => name);
  expect([...manifest.settings.event_subscriptions.bot_events].sort()).toEqual(events.sort());
  const shortcuts = manifest.features.shortcuts.map(({ callback_id }: { callback_id: string }) => callback_id);
  expect(shortcuts.sort()).toEqual(Object.keys(SHORTCUTS).sort());
  expect(manifest.features.slash_commands).toMatchObject([{ command: '/cml', should_escape: true }]);
});

test('the manifest keeps to the lengths that Slack allows', () => {
  const { display_information: about, features } = manifest;
  expect(about.name.length).toBeLessThanOrEqual(35);
  expect(about.description.length).toBeLessThanOrEqual(140);
  for (const { name, description } of features.shortcuts) {
    expect(name.length).toBeLessThanOrEqual(24);
    expect(description.length).toBeLessThanOrEqual(150);
  }
});
