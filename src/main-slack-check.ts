import type { Answer } from './chat/answer.ts';
import { writeCount } from './chat/messages/words.ts';
import { checkSlack, type SlackFinding } from './chat/slack/check.ts';
import { createSlackClients } from './chat/slack/clients.ts';
import { createSlackHealth } from './chat/slack/health.ts';
import { type ConfigSource, readConfig } from './config.ts';
import { ConfigError, UserError } from './errors.ts';
import { createLog } from './log.ts';
import { accountsOf, slackTokens } from './main-slack.ts';

/** `cml slack check`: on the machine of the deployer, with the tokens of this environment; needs no server. */
export async function checkSlackFor(source: ConfigSource): Promise<Answer> {
  const { slack: settings, people } = await readConfig(source);
  if (!settings) {
    throw new UserError('bad-input', 'Slack is not configured.', { hint: 'Add "slack: { channel: C… }" to cml.yaml.' });
  }
  const tokens = slackTokens(source.environment);
  if (!tokens) {
    throw new ConfigError(['SLACK_BOT_TOKEN is not set.'], {
      hint: 'Set it, and SLACK_APP_TOKEN, as "cml serve" has them.',
    });
  }
  const log = createLog({ write: () => undefined }, 'silent'); // what is wrong stands in the answer
  const clients = createSlackClients({
    botToken: tokens.bot,
    apiUrl: settings.apiUrl,
    log,
    health: createSlackHealth(log),
  });
  return answerChecked(await checkSlack({ settings, tokens, people: accountsOf(people), clients, log }));
}

const MARKS = { good: 'ok', warning: 'note', bad: 'BAD' };

function answerChecked(findings: readonly SlackFinding[]): Answer {
  const bad = findings.filter(({ state }) => state === 'bad');
  const notes = findings.filter(({ state }) => state === 'warning').length;
  return {
    text:
      bad.length > 0
        ? `Slack is not ready: ${bad.map(({ about, says }) => `${about}: ${says}`).join(' ')}`
        : `Slack is ready${notes > 0 ? `, with ${writeCount(notes, 'note')}` : ''}.`,
    tone: bad.length > 0 ? 'bad' : notes > 0 ? 'warning' : 'good',
    table: {
      columns: ['', 'About', 'Says'],
      rows: findings.map(({ about, state, says }) => [MARKS[state], about, says]),
    },
    ...(bad.length > 0 ? { failed: true } : {}),
    json: JSON.parse(JSON.stringify({ ready: bad.length === 0, findings })),
  };
}
