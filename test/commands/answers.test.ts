import { describe, expect, test } from 'vitest';
import { answerOperations } from '../../commands/answer-operations.ts';
import { answerRetention } from '../../commands/answer-retention.ts';
import { answerSubject } from '../../commands/answer-status.ts';
import { answerBackups } from '../../commands/answers.ts';
import type { WorkspaceState } from '../../src/orchestrator/look.ts';
import { makeView } from '../contracts/chat.ts';
import { makeBackup, makePart, momentAfter } from '../fakes/records.ts';

const failed = makeView({
  status: 'failed',
  endedAt: momentAfter(4),
  downtimeMs: 2_100,
  error: { code: 'not-quiet', message: 'vi has a file open.', hint: 'End it.' },
});
const state = (changes: Partial<WorkspaceState> = {}): WorkspaceState => ({
  workspace: 'team-ml',
  services: [{ name: 'web', running: true, ready: true }],
  freshness: { is: 'unwatched' },
  failed: [],
  requests: [],
  ...changes,
});

describe('list', () => {
  test('shows operations with who, when, how they ended and why', () => {
    const answer = answerOperations([failed, makeView()], 'team-ml');
    expect(answer.text).toBe('2 operations of team-ml, 1 failed.');
    const [row] = answer.table?.rows ?? [];
    expect(row?.slice(1)).toEqual([
      'team-ml',
      'backup',
      'alice',
      '2026-03-01 12:00 UTC',
      'failed',
      '2.1s',
      '4m',
      'vi has a file open.',
    ]);
    expect(answer.json).toMatchObject({ operations: [{ id: failed.id, status: 'failed' }, { status: 'running' }] });
    expect(answerOperations([])).toMatchObject({ text: 'Nothing was done yet.', json: { operations: [] } });
  });

  test('marks a backup that is not consistent', () => {
    const torn = makeBackup({ parts: [makePart({ capture: 'after-start', consistent: false })] });
    const rows = answerBackups([torn, makeBackup()]).table?.rows.map((row) => row.at(-1));
    expect(rows).toEqual(['completed, not consistent', 'completed']);
    const status = answerSubject({ kind: 'backup', backup: torn }, false);
    expect(status.fields).toContainEqual(['Not consistent', 'db: copied while services were up']);
  });
});

test('tells of each backup whether the rules keep it, and why', () => {
  const [newer, older] = [makeBackup({ takenAt: momentAfter(5) }), makeBackup({ takenAt: momentAfter(1) })];
  const kept = [{ id: newer.id, takenAt: newer.takenAt, because: ['last: number 1', 'daily: 2026-03-01'] }];
  const goes = [{ id: older.id, takenAt: older.takenAt, because: ['no rule keeps it'] }];
  const answer = answerRetention({ kept, goes }, 'team-ml');
  expect(answer.text).toBe('2 backups of team-ml: 1 kept, 1 goes the next time. Nothing was done.');
  expect(answer.table?.rows).toEqual([
    [newer.id, '2026-03-01 12:05 UTC', 'kept', 'last: number 1, daily: 2026-03-01'],
    [older.id, '2026-03-01 12:01 UTC', 'GOES', 'no rule keeps it'],
  ]);
  expect(answer.json).toEqual({ workspace: 'team-ml', kept, goes });
});

test('marks a backup whose programs had to be killed', () => {
  const crashed = makeBackup({ parts: [makePart({ crashConsistent: ['db-0 was killed'] })] });
  expect(answerBackups([crashed]).table?.rows.map((row) => row.at(-1))).toEqual(['completed, crash-consistent']);
  const { fields } = answerSubject({ kind: 'backup', backup: crashed }, false);
  expect(fields).toContainEqual(['Crash-consistent', 'db: db-0 was killed']);
});

describe('status', () => {
  test('has one shape for one workspace and for many', () => {
    const one = answerSubject({ kind: 'workspaces', states: [state()] }, false);
    const two = answerSubject({ kind: 'workspaces', states: [state(), state({ workspace: 'b' })] }, false);
    expect(one.json).toEqual({ workspaces: [expect.objectContaining({ workspace: 'team-ml', failed: [] })] });
    expect(two.json).toMatchObject({ workspaces: [{ workspace: 'team-ml' }, { workspace: 'b' }] });
    expect(one).toMatchObject({ tone: 'good', text: 'team-ml: services are up.' });
  });

  test('counts services where there are many, and names those that are not up', () => {
    const many = (changes: object = {}) =>
      Array.from({ length: 24 }, (_, at) => ({
        name: `s${at}`,
        running: true,
        ready: true,
        ...(at < 2 ? changes : {}),
      }));
    const cell = (changes?: object) =>
      answerSubject({ kind: 'workspaces', states: [state({ services: many(changes) })] }, false).table?.rows[0]?.[1];
    expect(cell()).toBe('all 24 up');
    expect(cell({ ready: false })).toBe('22 of 24 up; s0 NOT READY, s1 NOT READY');
    const down = many().map((service) => ({ ...service, running: false }));
    const { text } = answerSubject({ kind: 'workspaces', states: [state({ services: down })] }, false);
    expect(text).toBe('team-ml: s0, s1, s2, s3, s4, s5 and 18 more are not running.');
  });

  test('fails when an operation that is over has left services down, and not when people have', () => {
    const down = { services: [{ name: 'web', running: false, ready: false }] };
    const failedOf = (changes: Partial<WorkspaceState>) =>
      answerSubject({ kind: 'workspaces', states: [state(), state(changes)] }, false).failed ?? false;
    expect(failedOf({})).toBe(false);
    expect(failedOf(down)).toBe(false);
    expect(failedOf({ ...down, stoppedBy: failed.id })).toBe(true);
    expect(failedOf({ ...down, operation: makeView({ downSince: momentAfter(1) }) })).toBe(false);
  });

  test('marks a backup that is overdue, and one whose schedule is paused', () => {
    const overdue = { is: 'overdue', rpoMs: 129_600_000, dueAt: momentAfter(1) } as const;
    const paused = { is: 'paused', by: 'alice', at: momentAfter(0), reason: 'move' } as const;
    const states = [state({ freshness: overdue }), state({ workspace: 'ml-lab', freshness: paused })];
    const answer = answerSubject({ kind: 'workspaces', states }, false);
    expect(answer).toMatchObject({ tone: 'warning', text: expect.stringContaining('Its backup is OVERDUE.') });
    expect(answer.fields).toEqual([
      ['Overdue', 'team-ml, since 2026-03-01 12:01 UTC: one is due every 1d 12h'],
      ['Paused', 'ml-lab, by alice since 2026-03-01 12:00 UTC: move'],
    ]);
    const listed = answerBackups([makeBackup()], undefined, states);
    expect(listed).toMatchObject({ tone: 'warning', text: '1 backup. OVERDUE: team-ml.', fields: answer.fields });
    expect(answerBackups([], 'team-ml')).toMatchObject({ tone: 'info', text: 'There are no backups of team-ml yet.' });
  });

  test('tells how the last operation failed', () => {
    const answer = answerSubject({ kind: 'workspaces', states: [state({ failed: [failed] })] }, false);
    expect(answer).toMatchObject({ tone: 'warning', text: 'team-ml: services are up. The last backup failed.' });
    expect(answer.fields).toEqual([
      ['Failed', `the last backup of team-ml, ${failed.id}, ended at 2026-03-01 12:04 UTC: vi has a file open.`],
    ]);
  });

  test('of a restore says where what it displaced is kept, how long, and how to get it back', () => {
    const outcome = { displaced: ['/srv/.cml-op_1-displaced-db'], displacedUntil: momentAfter(60) };
    const view = makeView({ kind: 'restore', status: 'succeeded', outcome });
    expect(answerSubject({ kind: 'operation', view }, false).fields).toEqual([
      ['Displaced', '/srv/.cml-op_1-displaced-db'],
      ['Kept until', '2026-03-01 13:00 UTC'],
      ['Get it back', `cml undo ${view.id}`],
    ]);
  });
});

describe('status of many workspaces', () => {
  test('counts those that are well, names some of the others, and shows what wants a look first', () => {
    const states = Array.from({ length: 200 }, (_, n) =>
      state({ workspace: `ml-${n}`, ...(n % 10 === 9 ? { failed: [failed] } : {}) }),
    );
    const { text, table } = answerSubject({ kind: 'workspaces', states }, false);
    expect(text).toMatch(/^180 of 200 workspaces: services are up\. ml-9: .* And 10 more want a look\.$/);
    expect(text.length).toBeLessThan(1_000);
    expect(table?.rows).toHaveLength(200);
    expect(table?.rows.slice(0, 3).map(([name]) => name)).toEqual(['ml-9', 'ml-19', 'ml-29']);
  });
});
