import { expect, test } from 'vitest';
import { helpForAll, helpForWord } from '../../src/chat/command-help.ts';
import { noGlobals } from '../../src/chat/command-line.ts';
import { sampleCommands } from './sample-commands.ts';

test('lists all words in their groups', () => {
  expect(helpForAll(sampleCommands)).toMatchInlineSnapshot(`
    "Usage: cml <word> [options]

    Back up and restore:
      backup <workspace>           Back up a workspace; services are down only for the cut
      restore <backup> [paths...]  Ask for a workspace to be brought back from a backup

    Look:
      list [workspace]             List the backups of a workspace
      help [word]                  Explain the words

    With every word:
      --json                       Print exactly one JSON document on standard output
      --detach                     Do not stay until what was begun has ended
      --as <person>                Speak as this person, whose token is then needed
      --config <file>              The configuration to use instead of cml.yaml

    More about one word: cml help <word>
    "
  `);
});

test('explains one word with everything that may follow it, in at most 100 columns', () => {
  const text = helpForWord(sampleCommands, 'backup');
  expect(text).toMatchInlineSnapshot(`
    "Usage: cml backup <workspace> [options]

    Back up a workspace; services are down only for the cut

    Arguments:
      workspace            The workspace

    Options:
      --notice <time>      Warn people this long before services stop
      --now                Do not wait at all; people who are working are interrupted, which is only
                           right in an emergency, so say why
      --dry-run            Only show what would be done
      --no-follow          Leave it running and come back
      --votes <number>
      --capture <capture>
      --way <way>          (snapshot, two-pass, cold, after-start)
      --reason <reason>    Why (people will read it)

    With every word:
      --json               Print exactly one JSON document on standard output
      --detach             Do not stay until what was begun has ended
      --as <person>        Speak as this person, whose token is then needed
      --config <file>      The configuration to use instead of cml.yaml
    "
  `);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});

test.each([60, 40])('stays within a terminal of %i columns, with every explanation whole', (columns) => {
  const all = helpForAll(sampleCommands, { columns });
  const one = helpForWord(sampleCommands, 'backup', { columns });
  for (const line of [all, one].join('\n').split('\n')) expect(line.length, line).toBeLessThanOrEqual(columns);
  for (const words of ['services are down only for the cut', 'one JSON document on standard output']) {
    expect(all.replace(/\s+/g, ' ')).toContain(words);
  }
  expect(one.replace(/\s+/g, ' ')).toContain('only right in an emergency, so say why');
});

test('speaks the way of the chat that shows it', () => {
  const text = helpForWord(sampleCommands, 'list', { program: '/cml', globals: noGlobals });
  expect(text).toContain('Usage: /cml list [workspace]');
});

test('suggests the nearest word', () => {
  expect(() => helpForWord(sampleCommands, 'restor')).toThrow(
    expect.objectContaining({ hint: 'Did you mean "restore"?' }),
  );
});
