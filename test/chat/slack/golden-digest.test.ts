import { expect, test } from 'vitest';
import { type WorkspaceWeek, weeklyDigest } from '../../../src/chat/messages/digest.ts';
import { backupOverdue, overdueOver } from '../../../src/chat/messages/overdue.ts';
import { drawMessage } from '../../../src/chat/slack/draw.ts';
import { checkBlocks } from '../../fakes/slack/blocks/check.ts';
import type { JsonObject } from '../../fakes/slack/kinds.ts';

const good: WorkspaceWeek = {
  ...{ workspace: 'ml-prod', completed: 7, incomplete: 0, failed: 0, missed: 0 },
  ...{ downtimeMs: 41_000, downtimeBeforeMs: 46_500, addedBytes: 3_200_000_000 },
  verifiedAt: '2026-11-22T04:10:00.000Z',
  next: [
    { name: 'nightly', times: 7, firstAt: '2026-11-24T01:00:00.000Z', zone: 'Europe/Berlin' },
    { name: 'proof', times: 1, firstAt: '2026-11-29T03:00:00.000Z', zone: 'Europe/Berlin' },
  ],
};
const late: WorkspaceWeek = {
  ...good,
  ...{ workspace: 'ml-train', completed: 4, failed: 1, missed: 2, downtimeMs: 90_000, downtimeBeforeMs: 60_000 },
  verifiedAt: undefined,
  overdueSince: '2026-11-22T13:00:00.000Z',
};
const paused: WorkspaceWeek = {
  ...{ ...good, workspace: 'ml-lab', completed: 0, downtimeMs: 0, downtimeBeforeMs: 12_000, addedBytes: 0 },
  ...{ pausedBy: 'alice', next: [] },
};
const week = { place: 'C01', from: '2026-11-16T07:00:00.000Z', until: '2026-11-23T07:00:00.000Z' };
const many = Array.from({ length: 30 }, (_, at) => ({ ...good, workspace: `ml-${at}` }));
const overdue = {
  ...{ workspace: 'ml-train', rpoMs: 129_600_000, dueAt: '2026-11-22T13:00:00.000Z' },
  lastTakenAt: '2026-11-21T01:00:00.000Z',
};

const messages = {
  digest: weeklyDigest({ ...week, weeks: [good, paused, late] }),
  'digest of a quiet week': weeklyDigest({ ...week, weeks: [good] }),
  'digest of many workspaces': weeklyDigest({ ...week, weeks: [...many, late] }),
  'backup overdue': backupOverdue(overdue),
  'backup overdue, there is none': backupOverdue({ ...overdue, lastTakenAt: undefined }),
  'backup not overdue any more': overdueOver('ml-train', overdue.dueAt, 'A backup was taken at 2026-11-23 01:00 UTC.'),
};

test.each(Object.entries(messages))('%s', async (name, message) => {
  const drawn = drawMessage(message, {});
  expect(checkBlocks(drawn.blocks as unknown as JsonObject[], 'message')).toEqual([]);
  // Nothing of it is cut off.
  expect(JSON.stringify(drawn.blocks)).not.toContain('…');
  const file = `golden/messages/${name.replace(/[^a-z]+/g, '-')}.json`;
  await expect(`${JSON.stringify(drawn, undefined, 2)}\n`).toMatchFileSnapshot(file);
});

test('the digest puts trouble first, and names every overdue workspace in its one sentence', () => {
  const { text, details, tone } = messages['digest of many workspaces'];
  expect(tone).toBe('warning');
  expect(text).toContain('31 workspaces: 214 backups, 1 failed, 2 missed');
  expect(text).toContain('OVERDUE: ml-train');
  expect(details?.[0]).toMatch(/^ml-train: OVERDUE since 2026-11-22; 4 backups, 1 failed, 2 missed; .*never verified/);
  expect(details).toHaveLength(10);
  expect(details?.at(-1)).toContain('22 other workspaces: 154 backups;');
});

test('the digest of one place and week is one message, of another week another', () => {
  const next = weeklyDigest({ ...week, until: '2026-11-30T07:00:00.000Z', weeks: [good] });
  expect(messages.digest.key).toBe(messages['digest of a quiet week'].key);
  expect(next.key).not.toBe(messages.digest.key);
});
