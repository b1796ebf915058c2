import type { App } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { startBolt, wordOf } from './app.ts';

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const choices = ['atlas', 'borealis'].map((value) => ({ text: plain(value), value }));
const modal: ModalView = {
  type: 'modal',
  callback_id: 'backup',
  title: plain('Back up'),
  submit: plain('Back up'),
  notify_on_close: true,
  blocks: [
    {
      type: 'input',
      block_id: 'workspace',
      label: plain('Workspace'),
      element: { type: 'static_select', action_id: 'choose', options: choices },
    },
    {
      type: 'input',
      block_id: 'reason',
      label: plain('Why'),
      optional: true,
      element: { type: 'plain_text_input', action_id: 'text', min_length: 5, max_length: 20 },
    },
    {
      type: 'input',
      block_id: 'flags',
      label: plain('How'),
      optional: true,
      element: { type: 'checkboxes', action_id: 'flags', options: [{ text: plain('Now'), value: 'now' }] },
    },
  ],
};

describe('a window', () => {
  let slack: SlackDouble;
  let app: App;
  let answer: Record<string, unknown> | undefined;
  let heard: Record<string, unknown>[];

  beforeEach(async () => {
    slack = await createSlackDouble({ ackLimitMs: 1000 });
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    heard = [];
    answer = undefined;
    app = await startBolt(slack, (bolt) => {
      bolt.command('/cml', async ({ ack, command, client }) => {
        await ack();
        await client.views.open({ trigger_id: command.trigger_id, view: modal });
      });
      bolt.view(/.*/, async ({ ack, body }) => {
        if (answer?.silent) return;
        await (ack as (given?: unknown) => Promise<void>)(answer);
        heard.push({ type: body.type, values: body.view.state.values });
      });
      bolt.view({ type: 'view_closed', callback_id: /.*/ }, async ({ ack, body }) => {
        await ack();
        heard.push({ type: body.type });
      });
      bolt.event('app_home_opened', async ({ event, client }) => {
        await client.views.publish({
          user_id: event.user,
          view: { type: 'home', blocks: [{ type: 'section', text: plain(`Hello, ${event.tab}`) }] },
        });
      });
    });
    await slack.type('U1', 'C1', '/cml');
    await slack.when(() => slack.modals('U1')[0]);
  });

  afterEach(async () => {
    await app.stop();
    await slack.dispose();
  });

  it('sends what was filled in, by label or block, and closes', async () => {
    await slack.submit('U1', { Workspace: 'atlas', reason: 'before the upgrade'.slice(0, 18), flags: ['now'] });
    expect(heard).toMatchObject([
      {
        type: 'view_submission',
        values: {
          workspace: { choose: { selected_option: { value: 'atlas' } } },
          reason: { text: { type: 'plain_text_input', value: 'before the upgrade' } },
          flags: { flags: { selected_options: [{ value: 'now' }] } },
        },
      },
    ]);
    expect(slack.modals('U1')).toEqual([]);
  });

  it('is not sent as long as Slack itself finds something missing', async () => {
    await expect(slack.submit('U1', {})).rejects.toThrow('"Workspace" has to be filled in');
    await expect(slack.submit('U1', { Workspace: 'cellar' })).rejects.toThrow('"cellar" cannot be chosen');
    await expect(slack.submit('U1', { Workspace: 'atlas', Why: 'x' })).rejects.toThrow('"Why" is too short');
    await expect(slack.submit('U1', { Workspace: 'atlas', Who: 'x' })).rejects.toThrow('no field for: Who');
    expect(heard).toEqual([]);
  });

  it('stays open with the sentences that the app answers, under fields that are there', async () => {
    answer = { response_action: 'errors', errors: { workspace: 'busy' } };
    expect((await slack.submit('U1', { Workspace: 'atlas' })).error).toBeUndefined();
    expect(slack.modals('U1')).toHaveLength(1);
    answer = { response_action: 'errors', errors: { nowhere: 'busy' } };
    expect((await slack.submit('U1', { Workspace: 'atlas' })).error).toBe('invalid_response_errors');
  });

  it('shows an error and stays when the app does not answer', async () => {
    answer = { silent: true };
    expect((await slack.submit('U1', { Workspace: 'atlas' })).error).toBe('operation_timeout');
    expect(slack.modals('U1')).toHaveLength(1);
  });

  it('becomes another one, gets others on top, at most three, and all are cleared', async () => {
    answer = { response_action: 'update', view: { ...modal, title: plain('Again') } };
    await slack.submit('U1', { Workspace: 'atlas' });
    expect(slack.modals('U1')).toMatchObject([{ view: { title: { text: 'Again' } } }]);
    answer = { response_action: 'push', view: modal };
    await slack.submit('U1', { Workspace: 'atlas' });
    await slack.submit('U1', { Workspace: 'atlas' });
    expect(slack.modals('U1')).toHaveLength(3);
    expect((await slack.submit('U1', { Workspace: 'atlas' })).error).toBe('push_limit_reached');
    answer = { response_action: 'clear' };
    await slack.submit('U1', { Workspace: 'atlas' });
    expect(slack.modals('U1')).toEqual([]);
  });

  it('tells the app that it was closed when the app asked to be told', async () => {
    await slack.closeModal('U1');
    await slack.when(() => heard[0]);
    expect(heard).toEqual([{ type: 'view_closed' }]);
  });

  it('is changed only in the state one has seen', async () => {
    const [seen] = slack.modals('U1');
    const id = seen?.id ?? '';
    expect(await wordOf(app.client.views.update({ view_id: id, hash: seen?.hash ?? '', view: modal }))).toBe('ok');
    expect(await wordOf(app.client.views.update({ view_id: id, hash: seen?.hash ?? '', view: modal }))).toBe(
      'hash_conflict',
    );
    expect(await wordOf(app.client.views.update({ view_id: 'V9', view: modal }))).toBe('not_found');
  });

  it('is refused when it is too long, needs a button to send, or is of another surface', async () => {
    const [seen] = slack.modals('U1');
    const refused = (view: ModalView) => wordOf(app.client.views.update({ view_id: seen?.id ?? '', view }));
    expect(await refused({ ...modal, title: plain('x'.repeat(25)) })).toBe('invalid_arguments');
    const { submit: _, ...unsendable } = modal;
    expect(await refused(unsendable)).toBe('invalid_arguments');
    expect(await refused({ ...modal, private_metadata: 'x'.repeat(3001) })).toBe('invalid_arguments');
    expect(await refused({ ...modal, blocks: [{ type: 'markdown', text: 'x' }] })).toBe('invalid_arguments');
    const alert = { type: 'alert' as const, text: plain('Everything is overwritten'), level: 'warning' as const };
    expect(await refused({ ...modal, blocks: [alert] })).toBe('ok');
  });

  it('may be the Home tab, drawn when somebody looks at it', async () => {
    await slack.openHome('U1');
    const home = await slack.when(() => slack.home('U1'));
    expect(home.view).toMatchObject({ type: 'home', blocks: [{ text: { text: 'Hello, home' } }] });
  });
});
