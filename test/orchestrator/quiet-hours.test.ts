import { afterEach, beforeEach, expect, test } from 'vitest';
import { answerQuietHours } from '../../commands/answer-quiet-hours.ts';
import { renderAnswer as renderInSlack } from '../../src/chat/slack/render-answer.ts';
import { renderAnswer as renderInTerminal } from '../../src/chat/terminal/render.ts';
import { samplesOf } from '../../src/schedule/workload-samples.ts';
import { makeBackup } from '../fakes/records.ts';
import { checkBlocks } from '../fakes/slack/blocks/check.ts';
import { weeksOf, working } from '../schedule/weeks.ts';
import { alice, type Door, openDoor } from './door.ts';

let door: Door;

beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.dispose());

const samples = async () => samplesOf(await door.catalog.activity.get('team-ml'));

test('notes each hour how much people run, in every workspace that tells', async () => {
  door.world.workloads = [{ kind: 'session', owner: 'ann' }, { kind: 'job' }];
  door.addWorkspace('silent');
  expect(await door.orchestrator.sampleWorkloads()).toBe(1);
  expect((await samples()).map(({ workloads }) => workloads)).toEqual([2]);
  expect((await door.catalog.activity.get('silent')).weeks).toEqual([]);
});

test('notes no hour in which a backup has the services down: nobody could run anything', async () => {
  door.world.workloads = [];
  const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
  await door.settle(() => running.view().downSince !== undefined);
  expect(await door.orchestrator.sampleWorkloads()).toBe(0);
  expect(await samples()).toEqual([]);
  await door.drive(running.ended);
  expect(await door.orchestrator.sampleWorkloads()).toBe(1);
});

test('refuses to name quiet hours before enough hours were seen, and says how many were', async () => {
  await expect(door.orchestrator.suggest('team-ml')).rejects.toMatchObject({
    code: 'nothing-to-do',
    message: 'What people run in team-ml was never seen yet: nobody can say when it is quiet.',
  });
  await door.catalog.activity.change('team-ml', () => weeksOf(1, (day, hour) => (day < 1 && hour < 9 ? 1 : undefined)));
  await expect(door.orchestrator.suggest('team-ml')).rejects.toMatchObject({
    message: 'team-ml was looked at in only 9 hours yet: too few to say when it is quiet.',
  });
  await expect(door.orchestrator.suggest('team-mk')).rejects.toMatchObject({ code: 'unknown-workspace' });
});

test('names hours that a backup of the usual length fits in, drawn for a terminal and for Slack', async () => {
  await door.catalog.activity.change('team-ml', () => weeksOf(3, working));
  await door.catalog.backups.save(makeBackup({ durationMs: 2 * 3_600_000 }));
  const found = await door.orchestrator.suggest('team-ml');
  expect(found).toMatchObject({ lengthMs: 2.5 * 3_600_000, pastBackups: 1, quiet: { nightly: { hours: 3 } } });
  const utc = { ...found, map: { ...found.map, zone: 'UTC' } };
  const answer = answerQuietHours(utc);
  expect(answer.fields).toContainEqual([
    'For cml.yaml',
    expect.stringMatching(/^when: 'nightly at \d\d:00', zone: UTC/),
  ]);
  expect(answer.json).toMatchObject({ when: expect.stringMatching(/^nightly at/), samples: 504 });
  const reading = { colour: false, columns: 80, timeZone: 'UTC' };
  const drawn = renderInTerminal(answer, reading);
  expect(drawn).toContain('Mon ·');
  expect(drawn).toContain('▲▲▲▲▲▲');
  const { blocks } = renderInSlack(answer);
  expect(checkBlocks(JSON.parse(JSON.stringify(blocks)), 'message')).toEqual([]);
  expect(JSON.stringify(blocks)).toContain('rich_text_preformatted');
});
