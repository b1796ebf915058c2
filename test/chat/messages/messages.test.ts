import { describe, expect, test } from 'vitest';
import { deleteStory } from '../../../src/backup/delete-steps.ts';
import { glassBroken, repeatBrokenGlass } from '../../../src/chat/messages/broken-glass.ts';
import {
  backupDeleted,
  backupEnded,
  backupVerified,
  operationFailed,
  restoreEnded,
} from '../../../src/chat/messages/operation-ended.ts';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { servicesStop, stopMoved } from '../../../src/chat/messages/services-stop.ts';
import { writeCount, writeKind, writeMoment } from '../../../src/chat/messages/words.ts';
import { verifyStory } from '../../../src/restore/verify-steps.ts';
import { makeDeletePlan, makeDeleteRequest, makeOperation, makeRequest, makeRestorePlan } from '../../fakes/records.ts';

const operation = makeOperation({
  id: 'op_0toxcgtmq4',
  reason: 'before the upgrade',
  startedAt: '2026-11-22T22:00:00.000Z',
  endedAt: '2026-11-22T22:04:05.000Z',
});
const stop = {
  operationId: operation.id,
  kind: 'backup' as const,
  workspace: 'team-ml',
  by: 'alice',
  reason: 'before the upgrade',
  stopsAt: new Date('2026-11-22T22:10:00.000Z'),
  noticeMs: 600_000,
  downtimeMs: 12_300,
};
const plan = makeRestorePlan({
  backupId: 'bkp_0toxcgtmq4',
  takenAt: '2026-11-22T22:01:00.000Z',
  parts: [
    {
      name: 'projects',
      is: 'folder',
      path: '/srv/projects',
      copyId: 'c1',
      pathInCopy: '/srv/projects',
      files: 3_999,
      directories: 12,
      bytes: 81_595_276,
      consistent: true,
    },
  ],
  overwrites: [{ name: 'projects', files: 1, bytes: 10 }],
  writtenSince: 1,
  warnings: ['"scratch" is not in the backup and stays as it is (rebuilt nightly).'],
});
const request = makeRequest({
  id: 'req_0toxciiy6u',
  backupId: plan.backupId,
  plan,
  reason: 'lost a.txt',
  expiresAt: '2026-11-23T06:15:00.000Z',
});

const deletePlan = makeDeletePlan({
  backupId: plan.backupId,
  takenAt: plan.takenAt,
  files: 3_999,
  bytes: 81_595_276,
  warnings: ['It is the last completed backup of team-ml: nothing could be restored after that.'],
});

describe('what people read', () => {
  test('before services stop', () => {
    expect(servicesStop(stop)).toMatchSnapshot();
    expect(servicesStop({ ...stop, noticeMs: 0, reason: undefined }).text).toMatchSnapshot();
    expect(servicesStop({ ...stop, by: 'schedule', reason: 'schedule nightly' }).text).toContain(
      ' for a backup asked by the schedule nightly, and are down',
    );
    expect(
      stopMoved({ operationId: operation.id, workspace: 'team-ml', by: 'bob', stopsAt: stop.stopsAt, isNow: false }),
    ).toMatchSnapshot();
  });

  test('after a backup and after a restore', () => {
    const facts = { backupId: plan.backupId, files: 3_999, bytes: 81_595_276, downtimeMs: 2_471, warnings: [] };
    expect(backupEnded(operation, { ...facts, addedBytes: 44_700_000 })).toMatchSnapshot();
    const torn = backupEnded(operation, { ...facts, addedBytes: 1, notConsistent: ['projects'] });
    expect(torn).toMatchObject({ tone: 'warning', text: expect.stringMatching(/NOT CONSISTENT.*: projects\.$/) });
    const crashed = backupEnded(operation, { ...facts, addedBytes: 1, crashConsistent: ['db'] });
    expect(crashed).toMatchObject({ tone: 'warning', text: expect.stringMatching(/CRASH-CONSISTENT.*: db\.$/) });
    expect(
      restoreEnded(
        { ...operation, kind: 'restore' },
        { ...facts, displaced: ['/srv/.cml-op_1-displaced-db'], displacedUntil: '2026-11-29T22:04:05.000Z' },
      ),
    ).toMatchSnapshot();
  });

  test('after a failure and after a cancel, with the next thing to do', () => {
    const error = { code: 'not-quiet', message: 'vim (4711) writes /srv/projects/a', hint: 'Ask for it again.' };
    expect(operationFailed({ ...operation, status: 'failed', error }, true)).toMatchSnapshot();
    expect(operationFailed({ ...operation, status: 'failed', error }, false).text).toContain('SERVICES ARE DOWN');
    expect(
      operationFailed(
        { ...operation, status: 'cancelled', error: { code: 'cancelled', message: 'Cancelled by bob.' } },
        true,
      ),
    ).toMatchSnapshot();
  });

  test('of a request, whatever became of it', () => {
    expect(describeRequest(request)).toMatchSnapshot();
    const by = { name: 'bob', proof: 'token' as const };
    const vote = { by, at: '2026-11-22T22:20:00.000Z', approves: false, reason: 'too early' };
    const voteFor = (status: string) => ({ ...vote, approves: status !== 'denied' });
    const texts = (['approved', 'denied', 'expired', 'withdrawn', 'used'] as const).map(
      (status) => describeRequest({ ...request, status, votes: [voteFor(status)], operationId: operation.id }).text,
    );
    expect(texts).toMatchSnapshot();
  });

  test('of a request that one person let through alone, for ever', () => {
    const by = { name: 'alice', proof: 'uid' as const };
    const reason = 'the lab starts at six and nobody answers';
    const vote = { by, at: '2026-11-22T22:20:00.000Z', approves: true, reason, breakGlass: true as const };
    const broken = { ...request, votes: [vote], operationId: operation.id };
    expect(glassBroken({ ...broken, status: 'approved' }, ['alice', 'bob'])).toMatchSnapshot();
    for (const status of ['approved', 'used', 'expired', 'withdrawn'] as const) {
      const { tone, text } = describeRequest({ ...broken, status });
      expect({ tone, text }).toEqual({ tone: 'bad', text: expect.stringContaining(`GLASS BROKEN by alice`) });
    }
    const ended = operationFailed({ ...operation, status: 'failed' }, true);
    expect(repeatBrokenGlass(ended, operation)).toBe(ended);
    expect(repeatBrokenGlass(ended, { ...operation, brokeGlass: { by: 'alice', reason } }).text).toMatchSnapshot();
  });

  test('after a deletion and after a verification', () => {
    const { backupId } = plan;
    const deletion = { ...operation, kind: 'delete' as const };
    expect(backupDeleted(deletion, { backupId, copies: 1 })).toMatchSnapshot();
    expect(backupDeleted(deletion, { backupId, copies: 3 }).text).toContain('3 copies dropped');
    const facts = { backupId, files: 3_999, bytes: 81_595_276, restoreMs: 4_250 };
    const verification = { ...operation, kind: 'verify' as const };
    expect(backupVerified(verification, { ...facts, checks: 0 })).toMatchSnapshot();
    expect(backupVerified(verification, { ...facts, checks: 2 }).text).toMatchSnapshot();
  });

  test('after a deletion or a verification that failed: nothing about services, and how to finish it', () => {
    const error = { code: 'repository-held', message: 'The repository is held by another program (/srv/r)' };
    const failed = { ...operation, status: 'failed' as const, error };
    expect(verifyStory.ended({ ...failed, kind: 'verify' })).toMatchSnapshot();
    const input = JSON.parse(JSON.stringify({ requestId: 'req_0toxciiy6u', plan: deletePlan }));
    const deletion = { ...failed, kind: 'delete' as const, input };
    expect(deleteStory.ended(deletion).details).toContain('The backup was not touched.');
    const at = '2026-11-22T22:00:01.000Z';
    const journal = [{ type: 'step-done' as const, at, step: 'mark deleting' }];
    expect(deleteStory.ended({ ...deletion, journal })).toMatchSnapshot();
  });

  test('of a request to delete', () => {
    const asked = makeDeleteRequest({ ...request, kind: 'delete', plan: deletePlan, reason: 'too old' });
    expect(describeRequest(asked)).toMatchSnapshot();
  });

  test('calls each kind of operation by a noun', () => {
    expect((['backup', 'restore', 'delete', 'verify'] as const).map(writeKind)).toEqual([
      'backup',
      'restore',
      'deletion',
      'verification',
    ]);
  });

  test('writes counts and moments the same everywhere', () => {
    expect([writeCount(1, 'file'), writeCount(2_041, 'file')]).toEqual(['1 file', '2,041 files']);
    expect(writeMoment('2026-11-22T23:59:59+02:00')).toBe('2026-11-22 21:59 UTC');
  });
});
