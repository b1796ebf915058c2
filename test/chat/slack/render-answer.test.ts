import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/chat/answer.ts';
import { renderActions } from '../../../src/chat/slack/render-actions.ts';
import { renderAnswer } from '../../../src/chat/slack/render-answer.ts';
import { checkBlocks } from '../../fakes/slack/blocks/check.ts';
import type { JsonObject } from '../../fakes/slack/kinds.ts';

/** What Slack would say of these blocks; nothing when it takes them. */
const complaints = (blocks: unknown) => checkBlocks(JSON.parse(JSON.stringify(blocks)) as JsonObject[], 'message');

const answer = (change: Partial<Answer>): Answer => ({ text: 'Three backups.', tone: 'info', json: null, ...change });

const words = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom(...'<>&*_`~@#!|\n\u0000é🙂 '), maxLength: 200 }),
  fc.constantFrom('', '<!channel>', '<@U0BOB>', '2026-11-22 22:01 UTC', 'x'.repeat(5_000), 'cml status op_1'),
);
const anyAnswer: fc.Arbitrary<Answer> = fc.record({
  text: words,
  tone: fc.constantFrom('info', 'good', 'warning', 'bad'),
  hint: words,
  drawing: fc.array(words, { maxLength: 12 }),
  fields: fc.array(fc.tuple(words, words), { maxLength: 80 }),
  table: fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 0, max: 150 })).chain(([columns, rows]) =>
    fc.record({
      columns: fc.constant(Array.from({ length: columns }, (_, at) => `Column ${at}`)),
      rows: fc.array(fc.array(words, { minLength: columns, maxLength: columns }), { maxLength: rows }),
      dispensable: fc.constantFrom(['Column 0'], []),
    }),
  ),
  json: fc.constant(null),
});

describe('an answer', () => {
  test('is within the limits of Slack, whatever it says, and mentions nobody', () => {
    fc.assert(
      fc.property(anyAnswer, (one) => {
        const { text, blocks } = renderAnswer(one);
        expect(complaints(blocks)).toEqual([]);
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(4_000);
        expect(text.replace(/<!date\^\d+\^[^<>|]*\|[^<>]*>/g, '')).not.toMatch(/[<>]/);
      }),
      { numRuns: 60 },
    );
  });

  test('shows its moments by the clock of each reader', () => {
    const { text, blocks } = renderAnswer(answer({ text: 'Services stop at 2026-11-22 22:10 UTC.' }));
    const at = Date.parse('2026-11-22T22:10:00Z') / 1_000;
    expect(text).toContain(`<!date^${at}^{date_short_pretty}, {time}|2026-11-22 22:10 UTC>`);
    expect(JSON.stringify(blocks)).toContain(`"timestamp":${at}`);
  });

  test('names words as they are typed here', () => {
    const hint = 'Restore it with: cml restore bkp_1, or say "cml list". Not cmlx or /cml.';
    expect(renderAnswer(answer({ hint })).text).toContain(
      'Restore it with: /cml restore bkp_1, or say "/cml list". Not cmlx or /cml.',
    );
  });

  test('of many rows shows as many as fit, and says how many are left', () => {
    const rows = Array.from({ length: 250 }, (_, at) => [`bkp_${at}`, '', 'x'.repeat(60)]);
    const { blocks } = renderAnswer(answer({ table: { columns: ['Backup', 'Name', 'Why'], rows } }));
    const table = blocks.find(({ type }) => type === 'table') as { rows: unknown[][] } | undefined;
    expect(table?.rows).toHaveLength(100);
    // A column that says nothing has no place on a telephone.
    expect(table?.rows[0]).toHaveLength(2);
    expect(JSON.stringify(blocks)).toContain('… and 151 more.');
  });
});

describe('buttons', () => {
  test('are within the limits of Slack, and leave out what does not fit', () => {
    const long = 'x'.repeat(400);
    const action = { word: 'cancel', given: { subject: 'op_1' }, label: long, confirm: long, style: 'danger' as const };
    const blocks = renderActions([action, { ...action, given: { subject: 'y'.repeat(3_000) } }]);
    expect(complaints(blocks)).toEqual([]);
    expect(blocks[0]?.elements).toHaveLength(1);
    expect(renderActions([])).toEqual([]);
  });
});
