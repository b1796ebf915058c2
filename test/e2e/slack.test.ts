import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import type { SlackMessage } from '../fakes/slack/kinds.ts';
import { type Bench, makeBench } from './bench.ts';
import { until } from './processes.ts';

let slack: SlackDouble;
let bench: Bench;
let channel: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  slack = await createSlackDouble({ rates: 'none' });
  slack.people.add({ id: 'UCAROL', name: 'carol', email: 'carol@example.org' });
  slack.people.add({ id: 'UDAVE', name: 'dave', email: 'dave@example.org' });
  channel = slack.channels.add({ name: 'ml' }).id;
  environment = { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken };
  bench = await makeBench({
    people: { carol: { slack: 'UCAROL' }, dave: { slack: 'UDAVE' } },
    policy: { approvers: ['carol', 'dave'], operators: ['alice', 'carol', 'dave'] },
    slack: { channel, apiUrl: slack.apiUrl },
  });
});
afterAll(async () => {
  await bench.dispose();
  await slack.dispose();
});

const roots = () => slack.history(channel).filter(({ reply_broadcast }) => !reply_broadcast);
const rootSaying = (words: RegExp): Promise<SlackMessage> =>
  until(`a message says ${words}`, async () => roots().find(({ text }) => words.test(text)));
const told = (user: string, words: RegExp) =>
  until(`${user} is told ${words}`, async () => slack.ephemerals(user).find(({ text }) => words.test(text)));

/** Socket Mode needs a moment to connect. */
async function serve() {
  const server = await bench.serve([], { environment });
  await until('the server listens to Slack', async () => slack.links.open() > 0);
  return server;
}

describe('a night in Slack, by the real server', { timeout: 120_000 }, () => {
  it('says a backup, counts down, is started at once by a button, and becomes its summary', async () => {
    const server = await serve();
    const said = await slack.type('UCAROL', channel, '/cml backup team-ml --notice 10m --reason "before the upgrade"');
    expect(said.error).toBeUndefined();
    const root = await rootSaying(/services stop in/);
    await slack.click('UCAROL', { channel, ts: root.ts }, 'Start now');
    const end = await rootSaying(/backup bkp_\w+ completed/);
    expect(end.ts).toBe(root.ts);
    expect(roots()).toHaveLength(1);
    const thread = () =>
      slack
        .thread(channel, root.ts)
        .map(({ text }) => text)
        .join('\n');
    const told = /carol starts it now[\s\S]*services were stopped[\s\S]*services are up again[\s\S]*<@UCAROL>/;
    await until(`the thread tells ${told}`, async () => told.test(thread()));
    server.kill('SIGTERM');
    await server.ended;
  });

  it('asks for a restore that the one who asked may not approve, and another does', async () => {
    const server = await serve();
    const id = /bkp_\w+/.exec((await rootSaying(/completed/)).text)?.[0] ?? '';
    await slack.type('UCAROL', channel, `/cml restore ${id} --confirm team-ml --reason "lost a table" --now`);
    const request = await rootSaying(/carol asks to restore/);
    await slack.click('UCAROL', { channel, ts: request.ts }, 'Approve');
    await told('UCAROL', /your own|yourself|who asked/i);
    // Whoever decides next meets another life of the server.
    server.kill('SIGKILL');
    await server.ended;
    const next = await serve();
    await slack.click('UDAVE', { channel, ts: request.ts }, 'Approve');
    await rootSaying(/restored from/);
    const decided = await until('the request is redrawn', async () =>
      roots().find(({ ts, text }) => ts === request.ts && /Approved by dave/.test(text)),
    );
    expect(JSON.stringify(decided.blocks)).not.toContain('say:approve');
    expect(slack.thread(channel, request.ts).at(-1)?.text).toContain('<@UCAROL>');
    next.kill('SIGTERM');
    await next.ended;
  });

  it('goes on after it was killed in the middle of a countdown, in the same message', async () => {
    const server = await serve();
    const before = roots().length;
    await slack.type('UCAROL', channel, '/cml backup team-ml --notice 10m');
    const root = await rootSaying(/services stop in/);
    server.kill('SIGKILL');
    await server.ended;
    const next = await serve();
    await slack.click('UDAVE', { channel, ts: root.ts }, 'Start now');
    await until('the message is its summary', async () =>
      roots().find(({ ts, text }) => ts === root.ts && /completed/.test(text)),
    );
    expect(roots()).toHaveLength(before + 1);
    next.kill('SIGTERM');
    await next.ended;
  });

  it('backs up while Slack is away, and tells it afterwards', async () => {
    const server = await serve();
    await slack.type('UDAVE', channel, '/cml backup team-ml --notice 10m --reason quiet');
    const root = await rootSaying(/services stop in .*quiet/);
    slack.faults.down();
    await bench.say(['postpone', 'team-ml', '--now']);
    await until('the backup ended', async () => (await bench.operations('open')).length === 0);
    slack.faults.up();
    await until('the message is its summary', async () =>
      roots().find(({ ts, text }) => ts === root.ts && /completed/.test(text)),
    );
    server.kill('SIGTERM');
    await server.ended;
  });
});
