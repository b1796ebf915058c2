import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { slackSettings } from '../../src/chat/slack/settings.ts';
import { createChats } from '../../src/chat/together.ts';
import { createLog } from '../../src/log.ts';
import { createSlack } from '../../src/main-slack.ts';
import { createFakeChat, createFakeChatStore } from '../fakes/chat.ts';

test('Slack without a token is no way to people, and cml check is told so', async () => {
  const data = mkdtempSync(join(tmpdir(), 'cml-mute-slack-'));
  const log = createLog({ write: () => undefined }, 'silent');
  const settings = slackSettings.parse({ channel: 'C0ML' });
  const slack = await createSlack({ settings, people: {}, environment: {}, data, log, onBug: () => undefined });
  const file = { ...createFakeChat(createFakeChatStore()), weakness: 'Nobody is woken.' };
  const chat = createChats([file, slack.chat], log);
  expect(chat.weakness).toBe('Nobody is woken.');
  expect(chat.trouble).toContain('SLACK_BOT_TOKEN is not set');
  rmSync(data, { recursive: true });
});
