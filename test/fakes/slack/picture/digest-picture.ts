/**
 * Draws the picture of a weekly digest for docs/schedules.md. A week cannot be waited for, so its numbers are made up; the
 * message and how it is drawn are the product's own. `npm run digest-picture`; needs Debian's chromium and fonts-lato.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type WorkspaceWeek, weeklyDigest } from '../../../../src/chat/messages/digest.ts';
import { backupOverdue } from '../../../../src/chat/messages/overdue.ts';
import { drawMessage } from '../../../../src/chat/slack/draw.ts';
import type { JsonObject } from '../kinds.ts';
import { shoot } from './shoot.ts';

const FILE = 'docs/pictures/slack-digest.png';
const zone = 'Europe/Berlin';

const production: WorkspaceWeek = {
  ...{ workspace: 'ml-prod', completed: 7, incomplete: 0, failed: 0, missed: 0 },
  ...{ downtimeMs: 41_000, downtimeBeforeMs: 46_500, addedBytes: 3_200_000_000 },
  verifiedAt: '2026-11-22T04:10:00.000Z',
  next: [
    { name: 'nightly', times: 7, firstAt: '2026-11-24T01:00:00.000Z', zone },
    { name: 'proof', times: 1, firstAt: '2026-11-29T03:00:00.000Z', zone },
  ],
};
const training: WorkspaceWeek = {
  ...{ ...production, workspace: 'ml-train', completed: 4, failed: 1, missed: 2 },
  ...{ downtimeMs: 90_000, downtimeBeforeMs: 60_000, addedBytes: 41_000_000_000 },
  ...{ verifiedAt: '2026-11-08T04:31:00.000Z', overdueSince: '2026-11-22T13:00:00.000Z' },
};
const lab: WorkspaceWeek = {
  ...{ ...production, workspace: 'ml-lab', completed: 0, downtimeMs: 0, downtimeBeforeMs: 12_000, addedBytes: 0 },
  ...{ pausedBy: 'alice', next: [] },
};

const overdue = backupOverdue({
  ...{ workspace: 'ml-train', rpoMs: 129_600_000, dueAt: '2026-11-22T13:00:00.000Z' },
  lastTakenAt: '2026-11-21T01:00:00.000Z',
});
const digest = weeklyDigest({
  ...{ place: 'C0ML', from: '2026-11-16T07:00:00.000Z', until: '2026-11-23T07:00:00.000Z' },
  weeks: [production, lab, training],
});

const items = [
  { message: overdue, at: '2026-11-22T13:10:00.000Z' },
  { message: digest, at: '2026-11-23T07:00:00.000Z' },
].map(({ message, at }) => {
  const { text, blocks } = drawMessage(message);
  return { kind: 'message' as const, at: Date.parse(at), text, blocks: blocks as unknown as readonly JsonObject[] };
});
await mkdir(dirname(FILE), { recursive: true });
await shoot({ title: '#ml-platform', reader: { timeZone: zone, names: {} }, items }, FILE, 1.25);
process.stdout.write(`${FILE}\n`);
process.exit();
