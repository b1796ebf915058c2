import { describe, expect, it } from 'vitest';
import { makeDeletePlan, refusePinned } from '../../src/backup/delete-plan.ts';
import type { Backup } from '../../src/records/backup.ts';
import { makeBackup, makePart, momentAfter } from '../fakes/records.ts';

const part = (copyId: string, name = 'db') => makePart({ copyId, name });
const backup = (changes: Partial<Backup>) => makeBackup({ manifestCopyId: 'manifest', ...changes });
const pinned = { by: 'alice', at: momentAfter(40), reason: 'the audit' };

describe('the plan of a deletion', () => {
  it('names the manifest and every copy of the parts, each once', () => {
    const doomed = backup({ parts: [part('one'), part('two', 'projects'), part('one', 'datasets')] });
    const plan = makeDeletePlan(doomed, [doomed]);
    expect(plan).toMatchObject({ backupId: doomed.id, manifestCopyId: 'manifest', copyIds: ['one', 'two'] });
    expect(plan).toMatchObject({ files: doomed.files, bytes: doomed.bytes, takenAt: doomed.takenAt });
  });

  it('does not name the manifest twice when a part stands in its copy', () => {
    const doomed = backup({ parts: [part('manifest'), part('one', 'projects')] });
    expect(makeDeletePlan(doomed, [doomed]).copyIds).toEqual(['one']);
  });

  it.each(['completed', 'incomplete', 'deleting'] as const)(
    'keeps a copy that a backup which is %s needs',
    (status) => {
      const doomed = backup({ parts: [part('one'), part('shared', 'projects')] });
      const other = makeBackup({ manifestCopyId: 'another', parts: [part('shared', 'projects')], status });
      expect(makeDeletePlan(doomed, [doomed, other]).copyIds).toEqual(['one']);
    },
  );

  it('keeps nothing for a backup that is gone itself', () => {
    const doomed = backup({ parts: [part('shared')] });
    const gone = makeBackup({ parts: [part('shared')], status: 'deleted' });
    expect(makeDeletePlan(doomed, [doomed, gone]).copyIds).toEqual(['shared']);
  });

  it('warns when it is the last completed backup, and only then', () => {
    const doomed = backup({});
    const elsewhere = makeBackup({ workspace: 'other' });
    const partial = makeBackup({ status: 'incomplete' });
    expect(makeDeletePlan(doomed, [doomed, elsewhere, partial]).warnings).toEqual([
      'It is the last completed backup of team-ml: nothing could be restored after that.',
    ]);
    expect(makeDeletePlan(doomed, [doomed, makeBackup()]).warnings).toEqual([]);
    expect(makeDeletePlan(partial, [doomed, partial]).warnings).toEqual([]);
  });

  it('is bound to the backup and its copies, and to nothing that drifts', () => {
    const doomed = backup({ parts: [part('one'), part('shared', 'projects')] });
    const { digest } = makeDeletePlan(doomed, [doomed]);
    const verified = { at: momentAfter(50), operationId: doomed.operationId, restoreMs: 1, files: 1, bytes: 1 };
    expect(makeDeletePlan({ ...doomed, verified }, [doomed, makeBackup()]).digest).toBe(digest);
    expect(makeDeletePlan({ ...doomed, status: 'deleting' }, [doomed]).digest).toBe(digest);
    const sharing = makeBackup({ parts: [part('shared')] });
    expect(makeDeletePlan(doomed, [doomed, sharing]).digest).not.toBe(digest);
    expect(makeDeletePlan({ ...doomed, manifestSha256: '9'.repeat(64) }, [doomed]).digest).not.toBe(digest);
  });

  it('is made again for a backup that was left half deleted', () => {
    const doomed = backup({ status: 'deleting', parts: [part('one')] });
    expect(makeDeletePlan(doomed, [doomed])).toMatchObject({ manifestCopyId: 'manifest', copyIds: ['one'] });
  });

  it('is refused for a pinned backup, with who pinned it and why', () => {
    const kept = backup({ pinned });
    expect(() => makeDeletePlan(kept, [kept])).toThrow(
      expect.objectContaining({
        code: 'backup-held',
        message: `${kept.id} is pinned by alice (the audit).`,
        hint: `Take the pin away first: cml unpin ${kept.id}`,
      }),
    );
    expect(() => refusePinned(backup({}))).not.toThrow();
  });

  it('is refused for a backup that was deleted', () => {
    const gone = backup({ status: 'deleted' });
    expect(() => makeDeletePlan(gone, [gone])).toThrow(expect.objectContaining({ code: 'unknown-backup' }));
  });
});
