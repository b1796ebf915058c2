import { afterEach, beforeEach, expect, test } from 'vitest';
import { files } from '../../commands/files.ts';
import { parseInput } from '../../src/chat/command.ts';
import type { Person } from '../../src/records/person.ts';
import { putBackupWithFiles } from '../orchestrator/backup-with-files.ts';
import { alice, type Door, openDoor } from '../orchestrator/door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor({ files: ['alice'] });
});
afterEach(() => door.dispose());

const say = (given: object, person: Person = alice) =>
  files.run({ orchestrator: door.orchestrator, person }, parseInput(files, given));

test('lists folders such that no name steers a terminal', async () => {
  const { id: backup } = await putBackupWithFiles(door);
  expect(await say({ backup })).toMatchObject({ text: `1 shared folder of ${backup}.`, json: { path: '' } });
  const { table, text } = await say({ backup, path: 'projects/alice' });
  expect(text).toBe(`2 entries of projects/alice in ${backup}.`);
  expect(table?.rows.map(([name, size]) => [name, size])).toEqual([
    ['<b>&"quoted"', '0 B'],
    ['notes [1]\\u{a}.txt', '5 B'],
  ]);
  const many = Array.from({ length: 250 }, (_, at): [string, string] => [`/srv/team-ml/projects/many/${at}`, '']);
  door.world.repository.copies[0]?.entries.push(...many);
  const first = await say({ backup, path: 'projects/many' });
  expect(first.hint).toBe(`There are more: cml files ${backup} 'projects/many' --from 201`);
  expect((await say({ backup, path: 'projects/many', from: 201 })).table?.rows).toHaveLength(50);
});

test('hands a file to the terminal, and never to Slack', async () => {
  const { id: backup } = await putBackupWithFiles(door);
  const wish = { backup, path: 'projects/large', save: 'own' };
  expect((await say(wish)).download).toEqual({ backup, path: 'projects/large', bytes: 50_000, to: 'own' });
  await expect(say(wish, { name: 'alice', proof: 'slack', slack: 'UALICE' })).rejects.toMatchObject({
    code: 'bad-input',
  });
  await expect(say({ backup, save: 'own' })).rejects.toMatchObject({ code: 'bad-input' });
});
