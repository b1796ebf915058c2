import { expect, test } from 'vitest';
import type { Message } from '../../../src/chat/chat.ts';
import { glassBroken } from '../../../src/chat/messages/broken-glass.ts';
import {
  backupDeleted,
  backupEnded,
  backupVerified,
  operationFailed,
  restoreEnded,
  undoEnded,
} from '../../../src/chat/messages/operation-ended.ts';
import {
  catalogDiffers,
  repositoryChecked,
  repositoryDamaged,
  repositoryPruned,
  retentionEnded,
} from '../../../src/chat/messages/repository-kept.ts';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { endsWork, servicesStop, stopMoved, workMoved } from '../../../src/chat/messages/services-stop.ts';
import { drawMessage } from '../../../src/chat/slack/draw.ts';
import type { JournalEvent, Operation, RecordedError } from '../../../src/records/operation.ts';
import { makeDeleteRequest, makeOperation, makeRequest } from '../../fakes/records.ts';
import { checkBlocks } from '../../fakes/slack/blocks/check.ts';
import type { JsonObject } from '../../fakes/slack/kinds.ts';

const operation = makeOperation({
  id: 'op_0toxcgtmq4',
  reason: 'before the upgrade',
  startedAt: '2026-11-22T22:00:00.000Z',
  endedAt: '2026-11-22T22:04:05.000Z',
});
const { workspace } = operation;
const backupId = 'bkp_0toxcgtmq4';
const facts = { backupId, files: 3_999, bytes: 81_595_276, downtimeMs: 2_471, warnings: ['"scratch" is left out.'] };
const displaced = { displaced: ['/srv/.cml-op_1-displaced-db'], displacedUntil: '2026-11-29T22:04:05.000Z' };
const stopsAt = new Date('2026-11-22T22:10:00.000Z');
const announced = servicesStop({
  operationId: operation.id,
  kind: 'backup',
  by: 'alice',
  reason: 'before the upgrade',
  noticeMs: 600_000,
  downtimeMs: 12_300,
  lastDowntimesMs: [12_000, 14_000],
  affects: [{ owner: 'zoe', what: '2 sessions' }, { what: '1 job' }],
  ...{ workspace, stopsAt },
});
const error = { code: 'not-quiet', message: 'vim (4711) writes /srv/projects/a', hint: 'Ask for it again.' };
const request = makeRequest({ id: 'req_0toxciiy6u', reason: 'lost a.txt', expiresAt: '2026-11-23T06:15:00.000Z' });
const bob = { name: 'bob', proof: 'slack', slack: 'UBOB' } as const;
const votes = [{ by: bob, at: '2026-11-22T22:20:00.000Z', approves: true, reason: 'too early' }];

const putBackFailed = {
  code: 'services-still-down',
  message: 'Services of team-ml are down: "put back" could not be done.',
  hint: 'Look at the services, mend what is in the way, then run: cml start team-ml',
};

/** All but the last of these steps were done; that one failed first. */
function fails(kind: Operation['kind'], steps: string[], ending: RecordedError, servicesAreUp = true): Message {
  const at = '2026-11-22T22:03:00.000Z';
  const last = steps.at(-1) ?? '';
  const done = steps.slice(0, -1).flatMap((step): JournalEvent[] => [
    { type: 'step-began', at, step },
    { type: 'step-done', at, step },
  ]);
  const first = { code: 'disk-full', message: 'There is no room left on /srv.' };
  const journal: JournalEvent[] = [...done, { type: 'step-failed', at, step: last, error: first }];
  return operationFailed({ ...operation, kind, status: 'failed', error: ending, journal }, servicesAreUp);
}

/** Every message that the product says, as it stands in Slack. */
const messages = {
  'services stop': announced,
  'services stop, to somebody who works there': endsWork(announced, '2 sessions'),
  'stop postponed': stopMoved({ operationId: operation.id, workspace, by: 'bob', stopsAt, isNow: false }),
  'stop begun at once': workMoved(stopMoved({ operationId: operation.id, workspace, by: 'bob', stopsAt, isNow: true })),
  'backup completed': backupEnded(operation, { ...facts, addedBytes: 44_700_000 }),
  'backup not consistent': backupEnded(operation, { ...facts, addedBytes: 1, notConsistent: ['db'] }),
  'backup crash-consistent': backupEnded(operation, { ...facts, addedBytes: 1, crashConsistent: ['db'] }),
  'backup completed after one that was verified': backupEnded(operation, {
    ...facts,
    addedBytes: 1,
    lastVerified: { backupId: 'bkp_0toxcgtmq3', at: '2026-11-20T01:00:00.000Z' },
  }),
  'backup completed where none was verified': backupEnded(operation, { ...facts, addedBytes: 1, lastVerified: null }),
  'restore succeeded': restoreEnded({ ...operation, kind: 'restore' }, { ...facts, ...displaced }),
  'restore in place succeeded': restoreEnded({ ...operation, kind: 'restore' }, { ...facts, safetyBackupId: backupId }),
  'undo succeeded': undoEnded({ ...operation, kind: 'undo' }, { ...facts, ...displaced, undone: 'op_0toxcgtmq3' }),
  'backup deleted': backupDeleted({ ...operation, kind: 'delete' }, { backupId, copies: 3 }),
  'backup verified': backupVerified({ ...operation, kind: 'verify' }, { ...facts, restoreMs: 4_250, checks: 2 }),
  'operation failed': operationFailed({ ...operation, status: 'failed', error }, true),
  'services still down': operationFailed({ ...operation, status: 'failed', error }, false),
  'backup failed in its cut': fails('backup', ['stop', 'cut'], error),
  'backup incomplete': fails('backup', ['cut', 'record', 'prove'], { ...error, code: 'backup-incomplete' }),
  'restore failed before anything stopped': fails('restore', ['preflight'], error),
  'restore put back': fails('restore', ['commit', 'put back', 'start restored'], error),
  'restore not put back': fails('restore', ['commit', 'start restored'], putBackFailed, false),
  'restore in place put back': fails('restore-in-place', ['begin in place', 'put back in place', 'copy'], error),
  'restore in place not put back': fails('restore-in-place', ['begin in place', 'copy'], putBackFailed, false),
  'undo failed': fails('undo', ['preflight'], error),
  'deletion failed': fails('delete', ['preflight'], error),
  'verification failed': fails('verify', ['compare'], error),
  'retention ended': retentionEnded(operation, { removed: [backupId], kept: 14, copies: 2, left: 0 }),
  'repository pruned': repositoryPruned(operation, { freedBytes: 44_700_000, leftBytes: 2_030_000_000 }),
  'repository checked': repositoryChecked(operation, { slices: 1, of: 30, done: 3, beganAt: operation.startedAt }),
  'repository damaged': repositoryDamaged(operation, { backups: [backupId], problems: ['pack 9c2a contains 1 error'] }),
  'catalog differs': catalogDiffers({
    ...{ key: `${workspace}:catalog:0123456789ab`, workspace, isRemovable: true },
    findings: ['orphans: 3 copies in the repository that nobody needs'],
  }),
  'operation cancelled': operationFailed(
    { ...operation, status: 'cancelled', error: { code: 'cancelled', message: 'Cancelled by bob.' } },
    true,
  ),
  'request pending': describeRequest(request),
  'request approved': describeRequest({ ...request, status: 'approved', votes }),
  'request denied': describeRequest({
    ...request,
    status: 'denied',
    votes: votes.map((v) => ({ ...v, approves: false })),
  }),
  'request expired': describeRequest({ ...request, status: 'expired' }),
  'request withdrawn': describeRequest({ ...request, status: 'withdrawn' }),
  'request used': describeRequest({ ...request, status: 'used', votes, operationId: operation.id }),
  'request to delete': describeRequest(makeDeleteRequest({ id: 'req_0toxciiy6v' })),
  'glass broken': glassBroken(
    { ...request, status: 'approved', votes: votes.map((v) => ({ ...v, breakGlass: true as const })) },
    ['alice', 'bob'],
  ),
};

test.each(Object.entries(messages))('%s', async (name, message) => {
  const drawn = drawMessage(message, {
    mentions: ['UALICE', 'SONCALL', 'here'],
    catalogUrl: 'https://cml.example.org',
  });
  expect(checkBlocks(drawn.blocks as unknown as JsonObject[], 'message')).toEqual([]);
  // Whoever hears only the text hears everything essential.
  expect(drawn.text).toContain(message.text.slice(0, 20));
  const file = `golden/messages/${name.replace(/[^a-z]+/g, '-')}.json`;
  await expect(`${JSON.stringify(drawn, undefined, 2)}\n`).toMatchFileSnapshot(file);
});
