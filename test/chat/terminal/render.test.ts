import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/chat/answer.ts';
import { wantsColour } from '../../../src/chat/terminal/colours.ts';
import { plainLine, plainText } from '../../../src/chat/terminal/plain.ts';
import { errorJson, renderAnswer, renderError, renderJson } from '../../../src/chat/terminal/render.ts';
import { ConfigError, UserError } from '../../../src/errors.ts';

const PLAIN = { colour: false };

const backups: Answer = {
  text: '2 backups of team-ml.',
  tone: 'info',
  table: {
    columns: ['Backup', 'Name', 'Taken at', 'Files', 'Size', 'Downtime', 'Status'],
    rows: [
      ['bkp_0000000001', 'before upgrade', '2026-03-01 12:05 UTC', '2,041', '1.31 GB', '2.1s', 'completed'],
      ['bkp_0000000002', '', '2026-02-28 02:00 UTC', '9', '17 kB', '1m 4s', 'incomplete'],
    ],
  },
  hint: 'Restore one: cml restore <backup>',
  json: { backups: [] },
};

describe('an answer', () => {
  test('is drawn as a table with its measures at the right', () => {
    expect(renderAnswer(backups, PLAIN)).toMatchInlineSnapshot(`
      "2 backups of team-ml.

      Backup          Name            Taken at              Files     Size  Downtime  Status
      bkp_0000000001  before upgrade  2026-03-01 12:05 UTC  2,041  1.31 GB      2.1s  completed
      bkp_0000000002  -               2026-02-28 02:00 UTC      9    17 kB     1m 4s  incomplete

      Restore one: cml restore <backup>
      "
    `);
  });

  test('is drawn as labelled fields', () => {
    const answer: Answer = {
      text: 'A backup of team-ml would stop services for about 2.1s.',
      tone: 'good',
      fields: [
        ['Services', 'web, db'],
        ['Left out', 'scratch: rebuilt nightly'],
        ['Notes', 'one\ntwo'],
        ['Parent', ''],
      ],
      json: null,
    };
    expect(renderAnswer(answer, PLAIN)).toMatchInlineSnapshot(`
      "✓ A backup of team-ml would stop services for about 2.1s.

      Services  web, db
      Left out  scratch: rebuilt nightly
      Notes     one
                two
      Parent    -
      "
    `);
  });

  test('is a single line when there is no more to it', () => {
    expect(renderAnswer({ text: 'Careful.', tone: 'warning', json: null }, PLAIN)).toBe('! Careful.\n');
    const empty = { columns: ['Backup'], rows: [] };
    expect(renderAnswer({ text: 'No backups yet.', tone: 'info', table: empty, json: [] }, PLAIN)).toBe(
      'No backups yet.\n',
    );
  });

  test('has no escapes without colour, and keeps its words with it', () => {
    expect(renderAnswer(backups, PLAIN)).not.toContain('\u001b');
    expect(renderAnswer({ ...backups, tone: 'good' }, { colour: true })).toContain('\u001b[32m✓\u001b[39m 2 backups');
  });

  test('cannot steer the terminal with the words of a person', () => {
    const hostile = 'a\u001b[2Jb\u009b31m c\u0007d\u202ee';
    expect(plainText(hostile)).toBe('ab cde');
    expect(plainLine('one\r\n  two\tthree ')).toBe('one two three');
    const text = renderAnswer({ text: hostile, tone: 'info', fields: [[hostile, hostile]], json: null }, PLAIN);
    expect(text).toBe('ab cde\n\nab cde  ab cde\n');
  });

  test('is one JSON document for programs', () => {
    expect(JSON.parse(renderJson(backups.json))).toEqual(backups.json);
  });
});

describe('an error', () => {
  test('is a sentence and what to do', () => {
    const error = new UserError('unknown-workspace', 'There is no workspace "teem".', { hint: 'Did you mean "team"?' });
    expect(renderError(error, PLAIN)).toBe('✗ There is no workspace "teem".\n  Did you mean "team"?\n');
    expect(errorJson(error)).toEqual({
      error: {
        code: 'unknown-workspace',
        message: 'There is no workspace "teem".',
        hint: 'Did you mean "team"?',
        exitCode: 4,
      },
    });
  });

  test('lists every problem of a configuration', () => {
    const error = new ConfigError(['line 3: unknown key "nots"', 'line 9: no services']);
    expect(renderError(error, PLAIN)).toBe('✗ line 3: unknown key "nots"\n✗ line 9: no services\n');
  });
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ TERM: 'dumb' }, true, false],
])('with %j and a terminal (%s), colours are wanted: %s', (wishes, isTTY, wanted) => {
  expect(wantsColour(wishes, { isTTY })).toBe(wanted);
});
