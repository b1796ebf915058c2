import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noGlobals } from '../../../src/chat/command-line.ts';
import { readLine } from '../../../src/chat/read-command.ts';
import { cleanLine } from '../../../src/chat/slack/clean-line.ts';
import { writeLine } from '../../../src/chat/slack/written-line.ts';
import { slackWords } from '../../../src/main-slack-words.ts';

const restore = slackWords.find(({ word }) => word === 'restore');
if (!restore) throw new Error('there is no word restore');

test('a line is written as people would write it', () => {
  const given = { backup: 'bkp_0123456789', only: ['a/b', 'my "notes"'], now: true, dryRun: false };
  expect(writeLine(restore, given)).toBe('/cml restore bkp_0123456789 --only=a/b --only="my \\"notes\\"" --now');
});

test('what is written is read back as just that', () => {
  const text = fc.string({ minLength: 1, unit: fc.constantFrom(...'ab c"\'\\=-/.é') });
  const given = fc.record(
    { backup: text, only: fc.array(text, { minLength: 1 }), reason: text, now: fc.constant(true) },
    { requiredKeys: ['backup'] },
  );
  fc.assert(
    fc.property(given, (one) => {
      const [, ...words] = cleanLine(writeLine(restore, one));
      expect(readLine(slackWords, words, noGlobals).given).toEqual(one);
    }),
  );
});
