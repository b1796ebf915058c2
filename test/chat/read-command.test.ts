import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineCommand, parseInput } from '../../src/chat/command.ts';
import { noGlobals } from '../../src/chat/command-line.ts';
import { readCommand, readLine } from '../../src/chat/read-command.ts';
import { UserError } from '../../src/errors.ts';
import { backup, restore, sampleCommands } from './sample-commands.ts';

const read = (...words: string[]) => readCommand(sampleCommands, words);

/** `code: message / hint` of the refusal. */
function refusal(...words: string[]): string {
  try {
    read(...words);
  } catch (error) {
    if (error instanceof UserError) return `${error.code}: ${error.message} / ${error.hint}`;
    throw error;
  }
  throw new Error('the line was taken');
}

describe('a line of words', () => {
  test('is read into the checked input of its word', async () => {
    const { command, input } = read(
      'backup',
      'team-ml',
      '--notice',
      '1h30m',
      '--dry-run',
      '--reason',
      'before the upgrade',
    );
    expect(command.word).toBe('backup');
    expect(input).toEqual({
      workspace: 'team-ml',
      notice: 5_400_000,
      now: false,
      dryRun: true,
      follow: true,
      capture: [],
      way: 'two-pass',
      reason: 'before the upgrade',
    });
    expect((await command.run({ person: 'alice' }, input)).text).toBe('alice backs up team-ml.');
  });

  test('keeps what was written apart, so that another side can check it again', () => {
    const { given } = read('backup', 'team-ml', '--notice=10m', '--votes', '2');
    expect(given).toEqual({ workspace: 'team-ml', notice: '10m', votes: 2 });
    expect(parseInput(backup, given)).toMatchObject({ notice: 600_000, votes: 2 });
  });

  test('takes the options of every word before and after the word', () => {
    expect(read('--json', 'list', '--as', 'bob').globals).toEqual({ json: true, detach: false, as: 'bob' });
    expect(read('list').globals).toEqual({ json: false, detach: false });
  });

  test('repeats an option of a list without swallowing the words after it', () => {
    const { input } = read('backup', '--capture', 'db=cold', 'team-ml', '--capture', 'big=snapshot');
    expect(input).toMatchObject({ workspace: 'team-ml', capture: ['db=cold', 'big=snapshot'] });
  });

  test('gives all remaining words to a list in the last place', () => {
    expect(read('restore', 'bkp_1', 'a', 'b c').input).toEqual({ backup: 'bkp_1', paths: ['a', 'b c'] });
  });

  test('turns off what is on by default', () => {
    expect(read('backup', 'team-ml', '--no-follow').input).toMatchObject({ follow: false });
  });

  test('takes a value that begins with a dash and words after two dashes', () => {
    expect(read('backup', 'team-ml', '--reason=-x').input).toMatchObject({ reason: '-x' });
    expect(read('restore', '--', 'bkp_1', '--help').input).toEqual({ backup: 'bkp_1', paths: ['--help'] });
  });

  test.each([
    [[], {}],
    [['--help'], {}],
    [['backup', 'team-ml', '--help'], { word: 'backup' }],
    [['-h', 'list'], { word: 'list' }],
    [['help', '--help'], {}],
  ])('asks for help with %j', (words, input) => {
    const reading = read(...words);
    expect(reading.command.word).toBe('help');
    expect(reading.input).toEqual(input);
  });

  test('is read anew every time', () => {
    expect(read('backup', 'team-ml', '--now').input).toMatchObject({ now: true });
    expect(read('backup', 'team-ml').input).toMatchObject({ now: false });
  });

  test('takes no options of every word where a chat has none', () => {
    expect(() => readLine(sampleCommands, ['list', '--as', 'bob'], noGlobals)).toThrow('"list" has no option --as.');
  });
});

describe('a line that cannot be taken', () => {
  test('names what is wrong and the nearest match', () => {
    expect(refusal('bakup', 'team-ml', '--notice', '5m')).toBe(
      'bad-command: There is no word "bakup". / Did you mean "backup"?',
    );
    expect(refusal('xyzzy')).toBe(
      'bad-command: There is no word "xyzzy". / The words are backup, restore, list, help.',
    );
    expect(refusal('--json')).toBe('bad-command: The line does not say what to do. / See "help".');
    expect(refusal('backup', 'team-ml', '--notise', '5m')).toBe(
      'bad-input: "backup" has no option --notise. / Did you mean "--notice"?',
    );
    expect(refusal('list', '--zzzzzz=1')).toBe('bad-input: "list" has no option --zzzzzz. / See "help list".');
    expect(refusal('list', '--jsno')).toBe('bad-input: "list" has no option --jsno. / Did you mean "--json"?');
    expect(refusal('backup', 'team-ml', '--notice')).toBe(
      'bad-input: The option --notice needs a value. / See "help backup".',
    );
    expect(refusal('list', '--as', 'b b')).toBe(
      'bad-input: --as "b b": a person is named with letters, digits and . _ @ -. / See "help".',
    );
  });

  test('says in plain words what is wrong with a value', () => {
    const usage = 'Usage: cml backup <workspace>; see "help backup".';
    expect(refusal('backup')).toBe(`bad-input: "backup" needs <workspace>. / ${usage}`);
    expect(refusal('backup', 'Team ML')).toBe(
      `bad-input: <workspace> "Team ML": a workspace is named with lower-case letters, digits and dashes. / ${usage}`,
    );
    expect(refusal('backup', 'team-ml', '--notice', 'soon')).toBe(
      `bad-input: --notice: "soon" is not a length of time: write a length of time such as 90s, 10m, 1h30m or 2d. / ${usage}`,
    );
    expect(refusal('backup', 'team-ml', '--way', 'snapshoot')).toBe(
      'bad-input: --way cannot be "snapshoot": it is one of snapshot, two-pass, cold, after-start. / Did you mean "snapshot"?',
    );
    expect(refusal('backup', 'team-ml', '--votes', 'many')).toBe(
      `bad-input: --votes has to be a number, and "many" is not. / ${usage}`,
    );
    expect(refusal('backup', 'team-ml', '--votes', '12', '--reason', 'x'.repeat(31))).toBe(
      `bad-input: --votes is too much: at most 9; --reason is too long: at most 30 characters. / ${usage}`,
    );
    expect(refusal('list', 'team-ml', 'other', 'words')).toBe(
      'bad-input: "list" does not know what to do with "other words". / Usage: cml list [workspace]; text with spaces needs quotes.',
    );
  });

  test('is refused in the same words when it comes from a form', () => {
    expect(() => parseInput(restore, { backup: 5 })).toThrow('<backup> has to be a string, and "5" is not.');
    expect(() => parseInput(restore, undefined)).toThrow(UserError);
  });

  test('names an option that is needed', () => {
    const needy = defineCommand({
      word: 'deny',
      summary: 'Say no',
      input: z.object({ request: z.string(), why: z.string().min(3) }),
      positional: ['request'],
      labels: {},
      run: async () => ({ text: '', tone: 'info', json: null }),
    });
    expect(() => readCommand([needy], ['deny', 'req_1'])).toThrow('"deny" needs --why.');
    expect(() => readCommand([needy], ['deny', 'req_1', '--why', 'x'])).toThrow(
      '--why is too short: at least 3 characters.',
    );
  });
});
