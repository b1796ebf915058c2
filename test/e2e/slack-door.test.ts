import { readFile, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { type Bench, makeBench } from './bench.ts';
import { until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A workspace of Slack, and a server that is configured for it. */
async function given(): Promise<{ bench: Bench; slack: SlackDouble; environment: NodeJS.ProcessEnv }> {
  const slack = await createSlackDouble();
  slack.people.add({ id: 'UALICE', name: 'alice' });
  slack.people.add({ id: 'UBOB', name: 'bob' });
  slack.channels.add({ id: 'CML', name: 'ml' });
  const bench = await makeBench();
  onTestFinished(async () => {
    await bench.dispose();
    await slack.dispose();
  });
  const config = parse(await readFile(bench.at('cml.yaml'), 'utf8'));
  config.slack = { channel: 'CML', apiUrl: slack.apiUrl };
  config.people.alice.slack = 'UALICE';
  config.people.bob.slack = 'UBOB';
  await writeFile(bench.at('cml.yaml'), stringify(config));
  return { bench, slack, environment: { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken } };
}

const told = (slack: SlackDouble, user: string, has: string) =>
  until(`${user} is told "${has}"`, () => slack.ephemerals(user).find(({ text }) => text.includes(has)));

test('a backup and a restore are asked for, approved and told in Slack, by a server of its own', async () => {
  const { bench, slack, environment } = await given();
  const server = await bench.serve([], { environment });
  await until('the server is connected', () => slack.links.open() > 0);
  await slack.type('UALICE', 'CML', '/cml backup team-ml --reason “before the upgrade”');
  await told(slack, 'UALICE', 'has begun');
  const ended = await until('the channel says how it ended', () =>
    slack.history('CML').find(({ text }) => text.includes('completed')),
  );
  const [backup = ''] = /bkp_\w+/.exec(ended.text) ?? [];

  await writeFile(bench.at('team-ml', 'db', 'records'), 'spoiled\n');
  await slack.type('UALICE', 'CML', `/cml restore ${backup}`);
  await until('the plan is shown', () =>
    slack.modals('UALICE').find(({ view }) => view.callback_id === 'confirm:restore'),
  );
  await slack.submit('UALICE', { confirm: 'team-ml', reason: 'records are spoiled' });
  const request = await until('the request is shown', () =>
    slack.history('CML').find(({ text }) => text.includes('records are spoiled')),
  );
  await slack.click('UALICE', { channel: 'CML', ts: request.ts }, 'Approve');
  await told(slack, 'UALICE', 'You asked for');
  await slack.click('UBOB', { channel: 'CML', ts: request.ts }, 'Approve');
  await told(slack, 'UBOB', 'Approved by bob');
  await until('the channel says that it was restored', () =>
    slack.history('CML').find(({ text }) => text.includes('restored from')),
  );
  expect(await readFile(bench.at('team-ml', 'db', 'records'), 'utf8')).toBe('one\ntwo\n');
  server.kill('SIGTERM');
  await server.ended;
});

test('a server starts and serves the terminal while Slack is away, says so, and takes it up when it is back', async () => {
  const { bench, slack, environment } = await given();
  slack.faults.down();
  await bench.serve([], { environment });
  await until('the trouble is told', async () =>
    (await bench.say(['status'])).stdout.includes('no connection to Slack'),
  );
  const checked = await bench.sayJson(['check', 'team-ml']);
  expect(checked.answer.ready).toBe(true);
  slack.faults.up();
  await until('the server is connected', () => slack.links.open() > 0);
  await slack.type('UALICE', 'CML', '/cml list');
  await told(slack, 'UALICE', 'There are no backups yet');
  expect((await bench.say(['status'])).stdout).not.toContain('no connection to Slack');
});

test('cml slack check tells what is wrong, and a server without its token serves the terminal', async () => {
  const { bench, slack, environment } = await given();
  slack.channels.archive('CML');
  expect(await bench.sayJson(['slack', 'check'], { environment })).toMatchObject({
    exitCode: 1,
    answer: { ready: false },
  });
  await bench.serve();
  expect((await bench.say(['status'])).stdout).toContain('SLACK_BOT_TOKEN is not set');
  expect((await bench.say(['slack', 'check'])).exitCode).toBe(2);
  expect(slack.history('CML')).toEqual([]);
});
