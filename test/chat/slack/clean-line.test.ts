import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanLine } from '../../../src/chat/slack/clean-line.ts';
import { UserError } from '../../../src/errors.ts';

describe('a line typed in Slack', () => {
  test.each([
    ['', []],
    ['  \u00a0 ', []],
    ['backup team-ml', ['backup', 'team-ml']],
    ['backup   team-ml\n--now', ['backup', 'team-ml', '--now']],
    ['backup team-ml --reason "before the upgrade"', ['backup', 'team-ml', '--reason', 'before the upgrade']],
    ['backup team-ml --reason “before the upgrade”', ['backup', 'team-ml', '--reason', 'before the upgrade']],
    ['backup team-ml --reason="a b" x', ['backup', 'team-ml', '--reason=a b', 'x']],
    ['backup team-ml —now', ['backup', 'team-ml', '--now']],
    ['—now –x a—b 3–4', ['--now', '--x', 'a—b', '3–4']],
    ['&lt;b&gt; &amp;&amp; &amp;lt;', ['<b>', '&&', '&lt;']],
    ["it's what alice’s team wants", ["it's", 'what', 'alice’s', 'team', 'wants']],
    ["--reason 'a b' c", ['--reason', 'a b', 'c']],
    ["--reason='a b' c", ['--reason=a b', 'c']],
    ["'it's late' now", ["it's late", 'now']],
    ['--reason "it\'s late"', ['--reason', "it's late"]],
    ['"say \\"now\\" \\\\ then"', ['say "now" \\ then']],
    ['a "" b', ['a', '', 'b']],
    ['C:\\x', ['C:\\x']],
    ['status <https://example.org/a|example.org>', ['status', 'example.org']],
    ['status <@U123|bob> <#C1|>', ['status', 'U123', 'C1']],
  ])('%j is read as %j', (line, words) => {
    expect(cleanLine(line)).toEqual(words);
  });

  test.each(['say "now', 'say “now', "say 'now", '"', '--reason="a', 'a"b'])('%j is a usage error', (line) => {
    expect(() => cleanLine(line)).toThrow(UserError);
    expect(() => cleanLine(line)).toThrow('does not end');
  });

  test('is words or a usage error, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'ab "\'\\“”—<>&;|@#=\n\u0000') })),
        (line) => {
          try {
            expect(cleanLine(line).every((word) => typeof word === 'string')).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
          }
        },
      ),
    );
  });

  test('keeps any words that are quoted', () => {
    const quote = (word: string) => `"${word.replace(/[\\"]/g, '\\$&')}"`;
    const plain = fc.string({ unit: fc.constantFrom(...'abc -\'"\\.=/') });
    fc.assert(
      fc.property(fc.array(plain), (words) => {
        expect(cleanLine(words.map(quote).join(' '))).toEqual(words);
      }),
    );
  });
});
