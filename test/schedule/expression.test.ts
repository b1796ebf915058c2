import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { readExpression } from '../../src/schedule/expression.ts';

function refusalOf(text: string): string {
  try {
    readExpression(text);
  } catch (error) {
    if (error instanceof UserError) return `${error.message} ${error.hint}`;
    throw error;
  }
  throw new Error(`${text} was understood`);
}

describe('plain words', () => {
  test.each([
    ['nightly at 02:00', '0 2 * * *', 'At 02:00, every day'],
    ['Daily at 2:30', '30 2 * * *', 'At 02:30, every day'],
    ['every night 2am', '0 2 * * *', 'At 02:00, every day'],
    ['daily at 01:00 and 13:00', '0 1,13 * * *', 'At 01:00 and 13:00, every day'],
    ['daily at 06:00, 12:00, and 6 pm', '0 6,12,18 * * *', 'At 06:00, 12:00 and 18:00, every day'],
    ['weekdays 01:30', '30 1 * * 1-5', 'At 01:30, Monday through Friday'],
    ['weekends at midnight', '0 0 * * 0,6', 'At 00:00, only on Sunday and Saturday'],
    ['sundays at 04:00', '0 4 * * 0', 'At 04:00, only on Sunday'],
    ['every sunday at 12am', '0 0 * * 0', 'At 00:00, only on Sunday'],
    ['weekly on sunday at noon', '0 12 * * 0', 'At 12:00, only on Sunday'],
    ['mon, wed and fri at 02:00', '0 2 * * 1,3,5', 'At 02:00, only on Monday, Wednesday, and Friday'],
    ['monday to thursday at 02:00', '0 2 * * 1-4', 'At 02:00, Monday through Thursday'],
    ['hourly', '0 * * * *', 'Every hour, every day'],
    ['every hour at :15', '15 * * * *', 'At 15 minutes past the hour, every hour, every day'],
    ['every 6 hours', '0 */6 * * *', 'On the hour, every 6 hours, every day'],
    ['every 12 hours from 01:30', '30 1-23/12 * * *', undefined],
    ['every 15 minutes', '*/15 * * * *', 'Every 15 minutes, every hour, every day'],
    ['monthly on the 1st at 03:00', '0 3 1 * *', 'At 03:00, on day 1 of the month'],
    ['monthly on the 1st and the 15th at 03:00', '0 3 1,15 * *', 'At 03:00, on day 1 and 15 of the month'],
    ['monthly on the last day at 03:00', '0 3 L * *', 'At 03:00, on the last day of the month'],
    ['first sunday of the month at 04:00', '0 4 * * 0#1', 'At 04:00, on the first Sunday of the month'],
    ['monthly on the last friday at 22:00', '0 22 * * 5L', 'At 22:00, on the last Friday of the month'],
    ['quarterly on the 1st at 03:00', '0 3 1 1,4,7,10 *', undefined],
    ['yearly on 1 january at 00:30', '30 0 1 1 *', 'At 00:30, on day 1 of the month, only in January'],
    ['every year on february 29th at 01:00', '0 1 29 2 *', undefined],
  ])('"%s" become cron', (text, cron, words) => {
    const expression = readExpression(text);
    expect(expression.cron).toBe(cron);
    expect(expression.text).toBe(text);
    if (words !== undefined) expect(expression.words).toBe(words);
  });

  test.each([
    ['nigtly at 02:00', 'Did you mean "nightly"?'],
    ['sundys at 02:00', 'Did you mean "sundays"?'],
    ['nightly', 'does not say at what time'],
    ['sundays', 'does not say at what time'],
    ['nightly at 25:00', '"25:00" in "nightly at 25:00" is not a time of day'],
    ['nightly at 13pm', 'is not a time of day'],
    ['daily at 01:00 and 13:30', 'different minutes'],
    ['every 5 hours', 'does not fit evenly into a day'],
    ['every 7 minutes', 'does not fit evenly into an hour'],
    ['monthly on the 32nd at 02:00', '"32" is not a day of the month'],
    ['yearly on 30 february at 02:00', 'there is no 30 February'],
    ['when the moon is full', 'is not understood'],
    ['at 02:00', 'is not understood'],
    ['constructor', 'is not understood'],
    ['__proto__', 'is not understood'],
    ['', 'is not understood'],
  ])('refuses "%s" by name', (text, sentence) => {
    expect(refusalOf(text)).toContain(sentence);
  });
});

describe('cron', () => {
  test.each([
    ['*/20 1-3 * * *', [60, 80, 100, 120, 140, 160, 180, 200, 220]],
    ['0 22-2 * * *', [0, 60, 120, 1320, 1380]],
    ['30 1-23/6 * * *', [90, 450, 810, 1170]],
    ['5,35 0 * * *', [5, 35]],
  ])('reads times of "%s"', (text, times) => {
    expect(readExpression(text).fields.times.toSorted((a, b) => a - b)).toEqual(times);
  });

  test('reads names, wrapped ranges, and Sunday by both of its numbers', () => {
    expect(readExpression('0 2 * jan,MAR fri-mon').fields).toMatchObject({ months: [1, 3], weekdays: [0, 1, 5, 6] });
    expect(readExpression('0 2 * * 5-7').fields.weekdays).toEqual([0, 5, 6]);
    expect(readExpression('0 2 * * 7').fields.weekdays).toEqual([0]);
    expect(readExpression('@weekly').fields.weekdays).toEqual([0]);
  });

  test('says when both day fields are set, and reads them as Vixie does', () => {
    const both = readExpression('0 3 1 * 1');
    expect(both).toMatchObject({ hasBothDayFields: true, words: 'At 03:00, on day 1 of the month, or on Monday' });
    expect(both.fields.needsBothDays).toBe(false);
    expect(readExpression('0 3 */2 * 1')).toMatchObject({ hasBothDayFields: true, fields: { needsBothDays: true } });
    expect(readExpression('0 3 * * 1').hasBothDayFields).toBe(false);
  });

  test.each([
    ['0 2 31 2 *', '"0 2 31 2 *" can never run: there is no 31 February'],
    ['yearly on 31 february at 01:00', '"yearly on 31 february at 01:00" can never run: there is no 31 February'],
    ['0 2 31 4,6,9,11 *', 'there is no 31 April'],
    ['0 2 30 feb mon', 'there is no 30 February'],
    ['61 2 * * *', '"61" is not a minute. It must be 0 to 59'],
    ['0 24 * * *', '"24" is not an hour'],
    ['0 2 * 13 *', 'It must be 1 to 12 or a name such as jan'],
    ['0 2 * * 8', '"8" is not a day of the week'],
    ['0 2 * * fry', '"fry" is not a day of the week'],
    ['0 2 * *', 'has 4 fields'],
    ['0 0 2 * * *', 'has 6 fields'],
    ['0 5/15 * * *', 'Write "5-23/15"'],
    ['*/0 2 * * *', 'is not a step'],
    ['0 2 * * 1#6', 'is not a day of the week'],
    ['0 2 */14 1 2#2', 'can never run: no date suits both'],
    ['0 -2 * * *', 'is not an hour'],
  ])('refuses "%s" by name', (text, sentence) => {
    expect(refusalOf(text)).toContain(sentence);
  });
});

test('whatever is written is understood, or refused with a sentence and a hint', () => {
  const word = fc.constantFrom(
    ...'nightly daily every day at on the 1st last sunday sundays mon fri - to and , 02:00 2am 25:00 of month * */5 0 7 1-5 31 # L 6 hours'.split(
      ' ',
    ),
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 8 }).map((words) => words.join(' ')),
    fc.string({ maxLength: 200 }),
  );
  fc.assert(
    fc.property(text, (written) => {
      try {
        const { cron, fields } = readExpression(written);
        expect(readExpression(cron).fields).toEqual(fields);
        expect(fields.times.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof UserError) || !error.hint) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
