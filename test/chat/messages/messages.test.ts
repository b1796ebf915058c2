import { describe, expect, test } from 'vitest';
import { backupEnded, operationFailed, restoreEnded } from '../../../src/chat/messages/operation-ended.ts';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { servicesStop, stopPostponed } from '../../../src/chat/messages/services-stop.ts';
import { writeCount, writeMoment } from '../../../src/chat/messages/words.ts';
import { makeOperation, makeRequest, makeRestorePlan } from '../../fakes/records.ts';

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

describe('what people read', () => {
  test('before services stop', () => {
    expect(servicesStop(stop)).toMatchSnapshot();
    expect(servicesStop({ ...stop, noticeMs: 0, reason: undefined }).text).toMatchSnapshot();
    expect(
      stopPostponed({ operationId: operation.id, workspace: 'team-ml', by: 'bob', stopsAt: stop.stopsAt }),
    ).toMatchSnapshot();
  });

  test('after a backup and after a restore', () => {
    const facts = { backupId: plan.backupId, files: 3_999, bytes: 81_595_276, downtimeMs: 2_471, warnings: [] };
    expect(backupEnded(operation, { ...facts, addedBytes: 44_700_000 })).toMatchSnapshot();
    expect(
      restoreEnded({ ...operation, kind: 'restore' }, { ...facts, displacedUntil: '2026-11-29T22:04:05.000Z' }),
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
    const texts = (['approved', 'denied', 'expired', 'withdrawn', 'used'] as const).map(
      (status) => describeRequest({ ...request, status, votes: [vote], operationId: operation.id }).text,
    );
    expect(texts).toMatchSnapshot();
  });

  test('writes counts and moments the same everywhere', () => {
    expect([writeCount(1, 'file'), writeCount(2_041, 'file')]).toEqual(['1 file', '2,041 files']);
    expect(writeMoment('2026-11-22T23:59:59+02:00')).toBe('2026-11-22 21:59 UTC');
  });
});
