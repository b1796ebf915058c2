import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/chat/answer.ts';
import { wantsColour } from '../../../src/chat/terminal/colours.ts';
import { plainLine, plainText } from '../../../src/chat/terminal/plain.ts';
import { errorJson, renderAnswer, renderError, renderJson, renderSaid } from '../../../src/chat/terminal/render.ts';
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

describe('moments', () => {
  const berlin = { colour: false, timeZone: 'Europe/Berlin' };

  test('are shown by the clock of the one who reads, and the zone is told once', () => {
    const text = renderAnswer(backups, berlin);
    expect(text).toContain('2026-03-01 13:05  ');
    expect(text).toContain('2026-02-28 03:00  ');
    expect(text).not.toContain('UTC');
    expect(text.match(/Europe\/Berlin/g)).toHaveLength(1);
    const summer = { text: 'Kept until 2026-07-01 23:30 UTC.', tone: 'info', json: null } as const;
    expect(renderAnswer(summer, berlin)).toBe('Kept until 2026-07-02 01:30.\n\nTimes are local (Europe/Berlin).\n');
    expect(renderAnswer({ ...summer, text: 'Nothing waits.' }, berlin)).toBe('Nothing waits.\n');
    expect(renderAnswer(summer, { colour: false, timeZone: 'UTC' })).toContain('Times are UTC.');
  });

  test('come with their zone in what is said or refused on its own', () => {
    const said = renderSaid('Services stop at 2026-03-01 12:05 UTC.', 'warning', berlin);
    expect(said).toBe('! Services stop at 2026-03-01 13:05. Times are local (Europe/Berlin).');
    expect(renderError(new UserError('request-expired', 'It expired at 2026-03-01 12:05 UTC.'), berlin)).toContain(
      '13:05',
    );
  });

  test('stay as they are for programs', () => {
    expect(renderJson({ at: '2026-03-01T12:05:00.000Z' })).toContain('2026-03-01T12:05:00.000Z');
  });
});

describe('a narrow terminal', () => {
  const findings: Answer = {
    text: 'team-ml is ready to be backed up, with 1 note.',
    tone: 'warning',
    fields: [['Services', 'web, db, worker, scheduler, queue, cache']],
    table: {
      columns: ['', 'About', 'Says'],
      rows: [['note', 'db', 'internal volume, 2,041 files, 1.31 GB; two-pass: copied while services run']],
    },
    hint: 'Look at the configuration once more, then say it again.',
    json: null,
  };

  test('has the widest column of a table in several lines', () => {
    expect(renderAnswer(findings, { colour: false, columns: 60 })).toMatchInlineSnapshot(`
      "! team-ml is ready to be backed up, with 1 note.

      Services  web, db, worker, scheduler, queue, cache

            About  Says
      note  db     internal volume, 2,041 files, 1.31 GB;
                   two-pass: copied while services run

      Look at the configuration once more, then say it again.
      "
    `);
  });

  test('has one row below the other where no column could be read', () => {
    expect(renderAnswer(backups, { colour: false, columns: 40 })).toMatchInlineSnapshot(`
      "2 backups of team-ml.

      Backup    bkp_0000000001
      Name      before upgrade
      Taken at  2026-03-01 12:05 UTC
      Files     2,041
      Size      1.31 GB
      Downtime  2.1s
      Status    completed

      Backup    bkp_0000000002
      Taken at  2026-02-28 02:00 UTC
      Files     9
      Size      17 kB
      Downtime  1m 4s
      Status    incomplete

      Restore one: cml restore <backup>
      "
    `);
  });

  test.each([100, 60, 40])('of %i columns has no longer line', (columns) => {
    for (const answer of [findings, backups]) {
      for (const line of renderAnswer(answer, { colour: false, columns }).split('\n')) {
        expect(line.length, line).toBeLessThanOrEqual(columns);
      }
    }
  });

  test('keeps the depth of lines that are indented, and a path whole', () => {
    const path = '/a/path/that/is/longer/than/the/terminal/is/wide';
    const answer = {
      text: `Look at ${path}.`,
      tone: 'info',
      fields: [['', '  key: one two three four five six seven eight nine']],
      json: null,
    } as const;
    expect(
      renderAnswer({ ...answer, fields: [['', answer.fields[0][1]]] }, { colour: false, columns: 40 }),
    ).toMatchInlineSnapshot(`
      "Look at
      /a/path/that/is/longer/than/the/terminal/is/wide.

          key: one two three four five six
          seven eight nine
      "
    `);
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
