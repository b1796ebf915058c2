import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBlocks, type Surface } from '../fakes/slack/blocks/check.ts';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import type { Json, JsonObject } from '../fakes/slack/kinds.ts';
import { startClient, wordOf } from './app.ts';

const x = (length: number) => 'x'.repeat(length);
const times = <T>(count: number, one: (n: number) => T) => Array.from({ length: count }, (_, n) => one(n));
const plain = (length: number) => ({ type: 'plain_text', text: x(length) });
const mrkdwn = (length: number) => ({ type: 'mrkdwn', text: x(length) });
const button = (more: JsonObject = {}) => ({ type: 'button', text: plain(5), ...more });
const actions = (...elements: Json[]) => ({ type: 'actions', elements });
const input = (element: Json, more: JsonObject = {}) => ({ type: 'input', label: plain(5), element, ...more });
const options = (count: number, length = 5) => times(count, (n) => ({ text: plain(length), value: `v${n}` }));
const select = (more: JsonObject) => ({ type: 'static_select', ...more });
const task = (n: number, more: JsonObject = {}) => ({ task_id: `t${n}`, title: 'step', status: 'complete', ...more });
const rich = (...elements: Json[]) => ({ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] });
const raw = (length = 1) => ({ type: 'raw_text', text: x(length) });
const confirm = (title: number, text: number, yes: number, no: number) => ({
  title: plain(title),
  text: mrkdwn(text),
  confirm: plain(yes),
  deny: plain(no),
});

/** One row: what Slack takes at the very limit, and what it refuses one beyond it. */
const LIMITS: readonly (readonly [what: string, good: Json, bad: Json, surface?: Surface])[] = [
  ['section text of 3000', { type: 'section', text: mrkdwn(3000) }, { type: 'section', text: mrkdwn(3001) }],
  ['section text of something', { type: 'section', text: mrkdwn(1) }, { type: 'section', text: mrkdwn(0) }],
  ['section with text or fields', { type: 'section', fields: [plain(1)] }, { type: 'section' }],
  [
    '10 fields',
    { type: 'section', fields: times(10, () => plain(9)) },
    { type: 'section', fields: times(11, () => plain(9)) },
  ],
  ['fields of 2000', { type: 'section', fields: [plain(2000)] }, { type: 'section', fields: [plain(2001)] }],
  ['header of 150', { type: 'header', text: plain(150) }, { type: 'header', text: plain(151) }],
  ['header in plain text', { type: 'header', text: plain(5) }, { type: 'header', text: mrkdwn(5) }],
  ['25 actions', actions(...times(25, () => button())), actions(...times(26, () => button()))],
  ['some action', actions(button()), actions()],
  [
    '10 elements of context',
    { type: 'context', elements: times(10, () => mrkdwn(5)) },
    { type: 'context', elements: times(11, () => mrkdwn(5)) },
  ],
  ['button text of 75', actions(button({ text: plain(75) })), actions(button({ text: plain(76) }))],
  ['button value of 2000', actions(button({ value: x(2000) })), actions(button({ value: x(2001) }))],
  ['button url of 3000', actions(button({ url: x(3000) })), actions(button({ url: x(3001) }))],
  [
    'button label of 75',
    actions(button({ accessibility_label: x(75) })),
    actions(button({ accessibility_label: x(76) })),
  ],
  ['styles of buttons', actions(button({ style: 'danger' })), actions(button({ style: 'default' }))],
  ['action_id of 255', actions(button({ action_id: x(255) })), actions(button({ action_id: x(256) }))],
  ['block_id of 255', { type: 'divider', block_id: x(255) }, { type: 'divider', block_id: x(256) }],
  [
    'confirm title of 100',
    actions(button({ confirm: confirm(100, 1, 1, 1) })),
    actions(button({ confirm: confirm(101, 1, 1, 1) })),
  ],
  [
    'confirm text of 300',
    actions(button({ confirm: confirm(1, 300, 1, 1) })),
    actions(button({ confirm: confirm(1, 301, 1, 1) })),
  ],
  [
    'confirm yes of 30',
    actions(button({ confirm: confirm(1, 1, 30, 1) })),
    actions(button({ confirm: confirm(1, 1, 31, 1) })),
  ],
  [
    'confirm no of 30',
    actions(button({ confirm: confirm(1, 1, 1, 30) })),
    actions(button({ confirm: confirm(1, 1, 1, 31) })),
  ],
  ['100 options', actions(select({ options: options(100) })), actions(select({ options: options(101) }))],
  ['some option', actions(select({ options: options(1) })), actions(select({ options: [] }))],
  ['options of 75', actions(select({ options: options(1, 75) })), actions(select({ options: options(1, 76) }))],
  [
    'overflow of 5',
    actions({ type: 'overflow', options: options(5) }),
    actions({ type: 'overflow', options: options(6) }),
  ],
  [
    '10 radio buttons',
    actions({ type: 'radio_buttons', options: options(10) }),
    actions({ type: 'radio_buttons', options: options(11) }),
  ],
  [
    '10 checkboxes',
    actions({ type: 'checkboxes', options: options(10) }),
    actions({ type: 'checkboxes', options: options(11) }),
  ],
  [
    'dates',
    actions({ type: 'datepicker', initial_date: '2026-11-23' }),
    actions({ type: 'datepicker', initial_date: '23.11.2026' }),
  ],
  ['entry only in input', input({ type: 'plain_text_input' }), actions({ type: 'plain_text_input' }), 'modal'],
  [
    'entry of 3000',
    input({ type: 'plain_text_input', max_length: 3000 }),
    input({ type: 'plain_text_input', max_length: 3001 }),
    'modal',
  ],
  [
    'label of 2000',
    input({ type: 'users_select' }, { label: plain(2000) }),
    input({ type: 'users_select' }, { label: plain(2001) }),
    'modal',
  ],
  ['no button in input', input({ type: 'timepicker' }), input(button()), 'modal'],
  [
    'image with an address',
    { type: 'image', image_url: 'https://x.example/p.png', alt_text: 'p' },
    { type: 'image', alt_text: 'p' },
  ],
  [
    'image with words',
    { type: 'image', image_url: 'https://x.example/p.png', alt_text: 'p' },
    { type: 'image', image_url: 'https://x.example/p.png' },
  ],
  ['markdown of 12000', { type: 'markdown', text: x(12_000) }, { type: 'markdown', text: x(12_001) }],
  ['markdown only in messages', { type: 'section', text: plain(1) }, { type: 'markdown', text: 'x' }, 'home'],
  ['alert only in modals', { type: 'divider' }, { type: 'alert', text: plain(1) }],
  [
    'alert in modals',
    { type: 'alert', text: plain(1), level: 'warning' },
    { type: 'alert', text: plain(1), level: 'loud' },
    'modal',
  ],
  [
    'table of 100 rows',
    { type: 'table', rows: times(100, () => [raw()]) },
    { type: 'table', rows: times(101, () => [raw()]) },
  ],
  [
    'table of 20 columns',
    { type: 'table', rows: [times(20, () => raw())] },
    { type: 'table', rows: [times(21, () => raw())] },
  ],
  [
    'table of 10000 characters',
    { type: 'table', rows: [[{ type: 'raw_text', text: x(10_000) }]] },
    { type: 'table', rows: [[{ type: 'raw_text', text: x(10_001) }]] },
  ],
  ['table only in messages', { type: 'divider' }, { type: 'table', rows: [[raw()]] }, 'modal'],
  [
    'plan of 50',
    { type: 'plan', title: 'p', tasks: times(50, (n) => task(n)) },
    { type: 'plan', title: 'p', tasks: times(51, (n) => task(n)) },
  ],
  [
    'plan of different tasks',
    { type: 'plan', title: 'p', tasks: [task(1), task(2)] },
    { type: 'plan', title: 'p', tasks: [task(1), task(1)] },
  ],
  [
    'states of tasks',
    { type: 'plan', title: 'p', tasks: [task(1)] },
    { type: 'plan', title: 'p', tasks: [task(1, { status: 'completed' })] },
  ],
  ['plan only in messages', { type: 'divider' }, { type: 'plan', title: 'p', tasks: [] }, 'home'],
  [
    'task card',
    task(1, { type: 'task_card', details: rich({ type: 'text', text: 'x' }) }),
    task(1, { type: 'task_card', details: 'x' }),
  ],
  [
    'rich text',
    rich({ type: 'date', timestamp: 1, format: '{ago}' }),
    rich({ type: 'datum', timestamp: 1, format: '{ago}' }),
  ],
  ['card in messages and Home', { type: 'card', title: mrkdwn(150) }, { type: 'card', title: mrkdwn(151) }, 'home'],
  [
    'carousel of 10',
    { type: 'carousel', elements: times(10, () => ({ type: 'card', body: mrkdwn(200) })) },
    { type: 'carousel', elements: times(11, () => ({ type: 'card', body: mrkdwn(200) })) },
  ],
  [
    'container of 10',
    { type: 'container', title: plain(150), child_blocks: times(10, () => ({ type: 'divider' })) },
    { type: 'container', title: plain(150), child_blocks: times(11, () => ({ type: 'divider' })) },
  ],
  ['nothing else', { type: 'divider' }, { type: 'divider', colour: 'red' }],
  ['known blocks', { type: 'divider' }, { type: 'banner' }],
];

describe('blocks', () => {
  for (const [what, good, bad, surface = 'message'] of LIMITS) {
    it(`are held to: ${what}`, () => {
      expect(checkBlocks([good], surface)).toEqual([]);
      expect(checkBlocks([bad], surface).length).toBeGreaterThan(0);
    });
  }

  it('are at most 50 in a message, 100 elsewhere, with ids of their own', () => {
    const dividers = (count: number) => times(count, () => ({ type: 'divider' }));
    expect(checkBlocks(dividers(50), 'message')).toEqual([]);
    expect(checkBlocks(dividers(51), 'message')).toEqual([
      '[ERROR] no more than 50 items allowed [json-pointer:/blocks]',
    ]);
    expect(checkBlocks(dividers(100), 'modal')).toEqual([]);
    expect(checkBlocks(dividers(101), 'home')).toHaveLength(1);
    const named = [
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'a' },
    ];
    expect(checkBlocks(named, 'message')).toHaveLength(1);
    expect(checkBlocks([actions(button({ action_id: 'a' }), button({ action_id: 'a' }))], 'message')).toHaveLength(1);
  });

  it('share what all tables, all markdown and all tasks of a message may hold', () => {
    const table = (length: number) => ({ type: 'table', rows: [[{ type: 'raw_text', text: x(length) }]] });
    expect(checkBlocks([table(5000), table(5000)], 'message')).toEqual([]);
    expect(checkBlocks([table(5000), table(5001)], 'message')).toHaveLength(1);
    const markdown = (length: number) => ({ type: 'markdown', text: x(length) });
    expect(checkBlocks([markdown(6000), markdown(6001)], 'message')).toHaveLength(1);
    const plan = { type: 'plan', title: 'p', tasks: [task(1)] };
    expect(checkBlocks([plan, task(2, { type: 'task_card' })], 'message')).toHaveLength(1);
  });

  it('are told apart in Slack’s words, with a pointer', () => {
    const wrong = [
      { type: 'header', text: plain(151) },
      { type: 'header' },
      { type: 'divider', a: 1 },
      { type: 'banner' },
    ];
    expect(checkBlocks(wrong, 'message')).toEqual([
      '[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]',
      '[ERROR] missing required field: text [json-pointer:/blocks/1]',
      '[ERROR] invalid additional property: a [json-pointer:/blocks/2]',
      '[ERROR] unsupported type [json-pointer:/blocks/3/type]',
    ]);
  });
});

describe('blocks sent by the real client', () => {
  let slack: SlackDouble;

  beforeAll(async () => {
    slack = await createSlackDouble();
    slack.channels.add({ id: 'C1', name: 'ops' });
  });

  afterAll(() => slack.dispose());

  it('are refused when posted, changed or shown to one, and nothing stays', async () => {
    const client = startClient(slack);
    const bad = [{ type: 'header', text: plain(151) }];
    await expect(client.chat.postMessage({ channel: 'C1', text: 'x', blocks: bad })).rejects.toMatchObject({
      data: {
        error: 'invalid_blocks',
        response_metadata: { messages: [expect.stringContaining('/blocks/0/text/text')] },
      },
    });
    expect(slack.history('C1')).toEqual([]);
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'x' });
    expect(await wordOf(client.chat.update({ channel: 'C1', ts, text: 'y', blocks: bad }))).toBe('invalid_blocks');
    expect(slack.history('C1')).toMatchObject([{ text: 'x' }]);
    expect(await wordOf(client.apiCall('chat.postMessage', { channel: 'C1', text: 'x', blocks: 'no' }))).toBe(
      'invalid_blocks_format',
    );
  });

  it('get ids of Slack’s, and advice when a changed block keeps its own', async () => {
    const client = startClient(slack);
    const section = (text: string) => ({ type: 'section', block_id: 'same', text: { type: 'mrkdwn', text } });
    const { ts = '' } = await client.chat.postMessage({
      channel: 'C1',
      text: 'x',
      blocks: [{ type: 'divider' }, section('a')],
    });
    expect(slack.history('C1').at(-1)?.blocks?.[0]?.block_id).toEqual(expect.any(String));
    expect(await wordOf(client.chat.update({ channel: 'C1', ts, text: 'x', blocks: [section('b')] }))).toBe('ok');
    await client.chat.postMessage({ channel: 'C1', blocks: [{ type: 'divider' }] });
    expect(slack.advice).toEqual([
      'a changed section block kept the block_id same',
      'blocks without text: a screen reader and a notification say nothing',
    ]);
  });

  it('of rich text cannot become other ones', async () => {
    const client = startClient(slack);
    const { ts = '' } = await client.chat.postMessage({
      channel: 'C1',
      text: 'x',
      blocks: [rich({ type: 'text', text: 'x' })],
    });
    const divider = [{ type: 'divider' }];
    expect(await wordOf(client.chat.update({ channel: 'C1', ts, text: 'x', blocks: divider }))).toBe('block_mismatch');
  });

  it('may be asked about beforehand', async () => {
    const client = startClient(slack);
    expect(await wordOf(client.blocks.validate({ blocks: [{ type: 'divider' }] }))).toBe('ok');
    await expect(
      client.blocks.validate({ blocks: [{ type: 'header', text: plain(151) }] as never }),
    ).rejects.toMatchObject({
      data: { errors: [{ pointer: '/blocks/0/text/text', message: 'must be less than 151 characters' }] },
    });
  });
});
