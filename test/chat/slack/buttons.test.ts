import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { renderActions } from '../../../src/chat/slack/render-actions.ts';
import type { Request } from '../../../src/records/request.ts';
import { alice } from '../../orchestrator/door.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

describe.each(['socket', 'http'] as const)('a button in Slack over %s', (mode) => {
  let world: SlackWorld;
  beforeEach(async () => {
    world = await createSlackWorld({ settings: { mode }, policy: { votes: 2 } });
  });
  afterEach(async () => {
    expect(world.bugs).toEqual([]);
    await world.dispose();
  });

  /** A request as approvers see it in their channel. */
  async function shownRequest(): Promise<{ request: Request; message: { channel: string; ts: string } }> {
    const backup = await world.door.backUp();
    const request = await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
    const { text, actions } = describeRequest(request);
    return { request, message: await world.post({ text, blocks: renderActions(actions) }) };
  }
  const standing = ({ id }: Request) => world.door.catalog.requests.get(id);

  test('approves, once for each person and never for the one who asked', async () => {
    const { request, message } = await shownRequest();
    await world.slack.click('UBOB', message, 'Approve');
    expect(await world.told('UBOB')).toContain('Approved by bob; it needs 1 more approval');
    await world.slack.click('UBOB', message, 'Approve');
    expect(await world.told('UBOB', 2)).toContain('bob has voted');
    await world.slack.click('UALICE', message, 'Approve');
    expect(await world.told('UALICE')).toContain('You asked for');
    await world.slack.click('USTRANGER', message, 'Approve');
    expect(await world.told('USTRANGER')).toContain('is not known here');
    expect((await standing(request))?.votes).toMatchObject([{ by: { name: 'bob', slack: 'UBOB' }, approves: true }]);
    await world.door.orchestrator.cancel(alice, request.id);
    await world.slack.click('UCAROL', message, 'Approve');
    expect(await world.told('UCAROL')).toContain('is withdrawn already');
  });

  test('denies with a reason, asked for in a form', async () => {
    const { request, message } = await shownRequest();
    await world.slack.click('UCAROL', message, 'Deny');
    await world.slack.when(() => world.slack.modals('UCAROL').at(-1));
    expect(await standing(request)).toMatchObject({ status: 'pending' });
    await world.slack.submit('UCAROL', { reason: 'not on a Friday' });
    expect(await world.told('UCAROL')).toContain('Denied by carol: not on a Friday');
    expect(await standing(request)).toMatchObject({ status: 'denied', votes: [{ by: { slack: 'UCAROL' } }] });
  });

  test('of the two approvers it needs, at the same moment, lets it run once', async () => {
    const { request, message } = await shownRequest();
    const clicks = await Promise.all(['UBOB', 'UCAROL'].map((user) => world.slack.click(user, message, 'Approve')));
    expect(clicks.map(({ error }) => error)).toEqual([undefined, undefined]);
    await Promise.all([world.told('UBOB'), world.told('UCAROL')]);
    const [running, ...others] = world.door.orchestrator.running();
    expect(others).toEqual([]);
    expect(await standing(request)).toMatchObject({ status: 'used', operationId: running?.operation().id });
    await running?.cancel(alice);
    await world.door.drive(running?.ended ?? Promise.reject(new Error('nothing runs')));
  });

  test('that is delivered twice counts once', async () => {
    const { request, message } = await shownRequest();
    const click = await world.slack.click('UBOB', message, 'Approve');
    await world.told('UBOB');
    const again = await world.slack.deliveries.again(click);
    expect(again.error).toBeUndefined();
    await world.slack.type('UBOB', 'CML', '/cml help');
    await world.toldOf('UBOB', 'Explain all words');
    expect(world.slack.ephemerals('UBOB')).toHaveLength(2);
    expect((await standing(request))?.votes).toHaveLength(1);
  });

  test('of another age says so instead of nothing', async () => {
    const button = {
      type: 'button' as const,
      action_id: 'say:approve:0',
      text: { type: 'plain_text' as const, text: 'Approve' },
    };
    const message = await world.post({ text: 'x', blocks: [{ type: 'actions', elements: [button] }] });
    await world.slack.click('UBOB', message, 'Approve');
    expect(await world.told('UBOB')).toContain('another version');
  });
});

test('two approvers at the same moment make one decision, and the later is told', async () => {
  const world = await createSlackWorld();
  const backup = await world.door.backUp();
  const { id } = await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
  await Promise.all(['UBOB', 'UCAROL'].map((user) => world.slack.type(user, 'CML', `/cml approve ${id}`)));
  const told = [await world.told('UBOB'), await world.told('UCAROL')].sort();
  expect(told).toEqual([expect.stringContaining('Approved by'), expect.stringMatching(/^❌ .* already/)]);
  const [running, ...others] = world.door.orchestrator.running();
  expect(others).toEqual([]);
  expect((await world.door.catalog.requests.get(id))?.votes).toHaveLength(1);
  await running?.cancel(alice);
  await world.door.drive(running?.ended ?? Promise.reject(new Error('nothing runs')));
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

describe('where only the web page approves', () => {
  const given = async () => {
    const world = await createSlackWorld({
      settings: { approvals: { by: 'web' }, catalogUrl: 'https://cml.example.org' },
    });
    onTestFinished(world.dispose);
    const backup = await world.door.backUp();
    const request = await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
    const standing = async () => (await world.door.catalog.requests.get(request.id))?.status;
    return { world, request, standing };
  };
  const SENTENCE = 'In Slack nothing is approved here';

  test('a line is refused, whole, alone or with broken glass, and a denial is not', async () => {
    const { world, request, standing } = await given();
    const lines = [`approve ${request.id}`, 'approve', `approve ${request.id} --break-glass --reason "it burns, now"`];
    for (const [at, line] of lines.entries()) {
      await world.slack.type('UBOB', 'CML', `/cml ${line}`);
      const told = await world.told('UBOB', at + 1);
      expect(told).toContain(SENTENCE);
      expect(told).toContain('on https://cml.example.org/requests, or in a terminal');
    }
    expect(world.slack.modals('UBOB')).toEqual([]);
    expect(await standing()).toBe('pending');
    await world.slack.type('UBOB', 'CML', `/cml deny ${request.id} --reason "no need"`);
    expect(await world.told('UBOB', 4)).toContain('Denied by bob');
  });

  test('a button of before, and the word chosen in a form are refused alike', async () => {
    const { world, request, standing } = await given();
    const { text, actions } = describeRequest(request);
    const message = await world.post({ text, blocks: renderActions(actions) });
    await world.slack.click('UBOB', message, 'Approve');
    expect(await world.told('UBOB')).toContain(SENTENCE);
    await world.slack.type('UBOB', 'CML', '/cml backup');
    const form = await world.slack.when(() => world.slack.modals('UBOB').at(-1));
    await world.slack.click('UBOB', form, 'form:other-word', { choose: 'approve' });
    await world.slack.when(() =>
      world.slack.modals('UBOB').find(({ view }) => JSON.stringify(view).includes(SENTENCE)),
    );
    expect(await standing()).toBe('pending');
  });
});

test('somebody who is not known is told so before a form is opened for them', async () => {
  const world = await createSlackWorld();
  onTestFinished(world.dispose);
  await world.slack.type('USTRANGER', 'CML', '/cml backup');
  expect(await world.told('USTRANGER')).toContain('is not known here');
  expect(world.slack.modals('USTRANGER')).toEqual([]);
});
