import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { drawMessage } from '../../../src/chat/slack/draw.ts';
import { idsIn } from '../../../src/chat/slack/shortcuts.ts';
import { alice } from '../../orchestrator/door.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
beforeEach(async () => {
  world = await createSlackWorld();
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  for (const running of world.door.orchestrator.running()) {
    await running.cancel(alice).catch(() => undefined);
    await world.door.drive(running.ended);
  }
  await world.dispose();
});

const said = (text: string) => world.post({ text, blocks: [] });

const modal = (user: string, has: string) =>
  world.slack.when(() => world.slack.modals(user).find(({ view }) => JSON.stringify(view).includes(has)));

describe('a shortcut of a message', () => {
  test('restores the backup that it names: the plan is shown, and the name is asked for', async () => {
    const backup = await world.door.backUp();
    const message = await said(`team-ml: backup ${backup} completed in 2m.`);
    await world.slack.messageShortcut('UALICE', 'cml_restore_this', message);
    await modal('UALICE', 'Overwrites db (/live/db)');
    await world.slack.submit('UALICE', { confirm: 'team-ml', reason: 'lost a file' });
    expect(await world.told('UALICE')).toContain(`asks to restore ${backup}`);
  });

  test('shows how that stands which it is about', async () => {
    const backup = await world.door.backUp();
    const request = await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
    const { text, blocks } = drawMessage(describeRequest(request));
    const message = await world.post({
      text,
      blocks: blocks.map((one, at) => ({ ...one, block_id: `${request.id}#0.${at}` })),
    });
    await world.slack.messageShortcut('UBOB', 'cml_status_of_this', message);
    expect(await world.told('UBOB')).toContain('It needs 1 approval');
  });

  test('postpones the stop that it announces, by as much as is filled in', async () => {
    const { id } = (await world.door.orchestrator.requestBackup(alice, { workspace: 'team-ml' })).operation();
    const message = await said(`team-ml: services stop soon (${id}).`);
    await world.slack.messageShortcut('UBOB', 'cml_postpone_this', message);
    const form = await modal('UBOB', 'form:postpone');
    expect(JSON.stringify(form.view)).toContain(id);
    await world.slack.submit('UBOB', { 'field:subject': id, 'field:by': '45m' });
    expect(await world.told('UBOB')).toContain('services stop at');
  });

  test('of a stop that is over shows what it was, among what there is now', async () => {
    const message = await said('team-ml: services stop soon (op_0123456789).');
    await world.door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await world.slack.messageShortcut('UBOB', 'cml_postpone_this', message);
    await modal('UBOB', 'op_0123456789');
    await world.slack.submit('UBOB', { 'field:subject': 'op_0123456789' });
    expect(await world.told('UBOB')).toContain('op_0123456789');
  });

  test.each([
    ['cml_restore_this', 'No backup is named in this message.'],
    ['cml_status_of_this', 'No operation, request or backup is named in this message.'],
    ['cml_postpone_this', 'No operation is named in this message.'],
  ])('%s says so where there is nothing of the kind', async (id, sentence) => {
    const message = await said('good morning, is stop_0123456789 or xbkp_0123456789 or op_12 known?');
    await world.slack.messageShortcut('UALICE', id, message);
    expect(await world.told('UALICE')).toContain(sentence);
  });

  test('of an app that was installed with another manifest is answered', async () => {
    await world.slack.messageShortcut('UALICE', 'cml_of_old', await said('hello'));
    expect(await world.told('UALICE')).toContain('of another version');
  });
});

test('of the ids in a message that comes first which the message is about', () => {
  const blocks = [
    { type: 'section', block_id: 'op_0123456789#3.0' },
    { type: 'actions', block_id: 'op_0123456789#3.1', elements: [{ value: '{"backup":"bkp_9876543210"}' }] },
  ];
  const text = 'undid op_aaaaaaaaaa from bkp_bbbbbbbbbb';
  expect(idsIn({ text, blocks }, ['op', 'bkp'])).toEqual([
    'op_0123456789',
    'op_aaaaaaaaaa',
    'bkp_bbbbbbbbbb',
    'bkp_9876543210',
  ]);
  expect(idsIn({ text, blocks }, ['bkp'])[0]).toBe('bkp_bbbbbbbbbb');
  for (const odd of [undefined, null, {}, { blocks: null }, { text: 3 }, 'text']) {
    expect(() => idsIn(odd, ['op'])).not.toThrow();
  }
});
