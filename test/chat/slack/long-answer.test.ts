import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBackup } from '../../fakes/records.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
let ids: string[];

beforeEach(async () => {
  world = await createSlackWorld();
  const backups = Array.from({ length: 200 }, () => makeBackup());
  for (const backup of backups) await world.door.catalog.backups.save(backup);
  ids = backups.map(({ id }) => id);
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

test('what no message holds comes as a file that only the asker gets, with nothing left out', async () => {
  await world.slack.type('UALICE', 'CML', '/cml list --limit 200');
  await world.toldOf('UALICE', 'All of it is in a file');
  const file = world.slack.fileNamed('cml-list.txt') ?? '';
  expect(ids.filter((id) => !file.includes(id))).toEqual([]);
  expect(file.split('\n').length).toBeGreaterThan(200);
  expect(world.slack.dms('UALICE').map(({ text }) => text)).toEqual(['file cml-list.txt']);
  expect(world.slack.history('CML')).toEqual([]);
  expect(world.slack.requests.filter(({ refused }) => refused)).toEqual([]);
});

test('who cannot be given a file is told so, and keeps what fits', async () => {
  world.slack.scopes.delete('files:write');
  await world.slack.type('UALICE', 'CML', '/cml list --limit 200');
  await world.toldOf('UALICE', 'Slack did not take it as a file');
  expect(world.slack.ephemerals('UALICE')[0]?.text).toContain('200 backups.');
  expect(world.health.problem()).toContain('files:write');
});
