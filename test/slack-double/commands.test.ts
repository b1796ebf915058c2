import type { App } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { startBolt } from './app.ts';

describe('a slash command', () => {
  let slack: SlackDouble;
  let app: App | undefined;

  beforeEach(async () => {
    slack = await createSlackDouble({ ackLimitMs: 1000 });
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.people.add({ id: 'U2', name: 'grace' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    slack.channels.add({ id: 'C2', name: 'cellar', kind: 'private', people: ['U1'] });
  });

  afterEach(async () => {
    await app?.stop();
    await slack.dispose();
  });

  it('reaches Bolt over the socket and is acknowledged at once', async () => {
    const heard: string[] = [];
    app = await startBolt(slack, (bolt) =>
      bolt.command('/cml', async ({ ack, command }) => {
        await ack();
        heard.push(`${command.user_id} ${command.channel_id} ${command.command} ${command.text}`);
      }),
    );
    const delivery = await slack.type('U1', 'C1', '/cml list');
    expect(delivery.ackMs).toBeLessThan(1000);
    expect(delivery.error).toBeUndefined();
    expect(heard).toEqual(['U1 C1 /cml list']);
    expect(slack.ephemerals('U1')).toEqual([]);
  });

  it('carries people and channels by id and the three characters escaped', async () => {
    let text = '';
    app = await startBolt(slack, (bolt) =>
      bolt.command('/cml', async ({ ack, command }) => {
        await ack();
        text = command.text;
      }),
    );
    await slack.type('U1', 'C1', '/cml tell @grace in #ops and #cellar that 1 < 2 & 3 > 2  ');
    expect(text).toBe('tell <@U2> in <#C1|ops> and <#C2|> that 1 &lt; 2 &amp; 3 &gt; 2');
  });

  it('shows the person an error when nobody acknowledges in time', async () => {
    app = await startBolt(slack, (bolt) => bolt.command('/cml', async () => {}));
    const delivery = await slack.type('U1', 'C1', '/cml list');
    expect(delivery).toMatchObject({ error: 'operation_timeout' });
    expect(delivery.ackMs).toBeUndefined();
  });

  it('shows the person an error at once when no socket is open', async () => {
    expect(await slack.type('U1', 'C1', '/cml list')).toMatchObject({ error: 'dispatch_failed' });
  });

  it('shows what the acknowledgement says to the person only, or to all', async () => {
    app = await startBolt(slack, (bolt) =>
      bolt.command('/cml', async ({ ack, command }) => {
        await ack(command.text === 'all' ? { text: 'to all', response_type: 'in_channel' } : { text: 'to you' });
      }),
    );
    await slack.type('U1', 'C1', '/cml me');
    await slack.type('U1', 'C1', '/cml all');
    expect(slack.ephemerals('U1')).toMatchObject([{ text: 'to you', channel: 'C1' }]);
    expect(slack.ephemerals('U2')).toEqual([]);
    expect(slack.history('#ops')).toMatchObject([{ text: 'to all' }]);
  });

  it('cannot be typed by someone who is not there', async () => {
    await expect(slack.type('U2', 'cellar', '/cml list')).rejects.toThrow('grace is not in cellar');
    slack.people.deactivate('U1');
    await expect(slack.type('U1', 'ops', '/cml list')).rejects.toThrow('ada is deactivated');
  });
});

describe('a response_url', () => {
  let slack: SlackDouble;
  let app: App;
  const answers: string[] = [];

  beforeEach(async () => {
    slack = await createSlackDouble();
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    let late: ((text: string) => Promise<unknown>) | undefined;
    answers.length = 0;
    app = await startBolt(slack, (bolt) =>
      bolt.command('/cml', async ({ ack, command, respond }) => {
        await ack();
        late ??= respond;
        const say = command.text === 'late' ? late : respond;
        try {
          for (let n = 1; n <= Number(command.text.split(' ')[0] || 1) || n === 1; n++) await say(`answer ${n}`);
          answers.push('said');
        } catch (error) {
          answers.push(String((error as { statusCode?: number }).statusCode));
        }
      }),
    );
  });

  afterEach(async () => {
    await app.stop();
    await slack.dispose();
  });

  it('shows what is posted there to the person only, five times', async () => {
    const delivery = await slack.type('U1', 'C1', '/cml 6');
    await slack.when(() => answers[0]);
    expect(answers).toEqual(['404']);
    expect(delivery.responses.map(({ text }) => text)).toEqual([1, 2, 3, 4, 5].map((n) => `answer ${n}`));
    expect(slack.ephemerals('U1')).toHaveLength(5);
    expect(slack.history('C1')).toEqual([]);
  });

  it('is worth nothing after half an hour', async () => {
    await slack.type('U1', 'C1', '/cml 1');
    await slack.when(() => slack.ephemerals('U1')[0]);
    await slack.pass(31 * 60_000);
    await slack.type('U1', 'C1', '/cml late');
    await expect.poll(() => answers).toEqual(['said', '404']);
  });
});
