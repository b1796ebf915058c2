import { afterEach, describe, expect, test } from 'vitest';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { UserError } from '../../src/errors.ts';
import {
  makeAuditEntry,
  makeBackup,
  makeId,
  makeOperation,
  makePart,
  makeRequest,
  momentAfter,
} from '../fakes/records.ts';
import { describeBackupPages } from './catalog-pages.ts';

export interface CatalogUnderTest {
  readonly catalog: Catalog;
  /** Another life over the same store, not yet opened. The catalog of the life before is not used any more. */
  reopen(): Promise<Catalog>;
  dispose(): Promise<void>;
}

/** What every catalog keeps to. */
export function describeCatalog(name: string, create: () => Promise<CatalogUnderTest>): void {
  describe(`${name} keeps to the catalog's contract`, () => {
    const made: CatalogUnderTest[] = [];
    afterEach(async () => {
      for (const one of made.splice(0)) await one.dispose();
    });
    async function given(): Promise<CatalogUnderTest> {
      const one = await create();
      made.push(one);
      return one;
    }
    describeOperations(given);
    describeBackups(given);
    describeBackupPages(given);
    describeRequests(given);
    describeMarks(given);
    describeSchedules(given);
    describeActivity(given);
    describeAudit(given);
  });
}

export type Given = () => Promise<CatalogUnderTest>;

function describeOperations(given: Given): void {
  test('lists open operations oldest first, in a new life before it is opened', async () => {
    const { catalog, reopen } = await given();
    const younger = makeOperation({ startedAt: momentAfter(2) });
    const older = makeOperation({ startedAt: momentAfter(1) });
    await catalog.operations.save(younger);
    await catalog.operations.save(older);
    expect(await (await reopen()).operations.listOpen()).toEqual([older, younger]);
  });

  test('keeps the last state of an operation that is saved again and again at once', async () => {
    const { catalog, reopen } = await given();
    const operation = makeOperation();
    const states = Array.from({ length: 20 }, (_, count) => ({ ...operation, reason: `state ${count}` }));
    await Promise.all(states.map((state) => catalog.operations.save(state)));
    expect(await (await reopen()).operations.get(operation.id)).toEqual(states.at(-1));
  });

  test('takes an operation as it was when saved, whatever happens to the object later', async () => {
    const { catalog } = await given();
    const operation = makeOperation();
    const saved = catalog.operations.save(operation);
    operation.journal.push({ type: 'step-began', at: momentAfter(2), step: 'announce' });
    await saved;
    expect((await catalog.operations.get(operation.id))?.journal).toHaveLength(3);
    (await catalog.operations.get(operation.id))?.journal.splice(0);
    expect((await catalog.operations.get(operation.id))?.journal).toHaveLength(3);
  });

  test('no longer lists a closed operation as open, and still knows it', async () => {
    const { catalog, reopen } = await given();
    const operation = makeOperation({ status: 'succeeded' });
    await catalog.operations.save(operation);
    await catalog.operations.close(operation.id);
    await catalog.operations.close(operation.id);
    expect(await catalog.operations.listOpen()).toEqual([]);
    const later = await reopen();
    expect(await later.operations.listOpen()).toEqual([]);
    expect(await later.operations.get(operation.id)).toEqual(operation);
    await later.open();
    expect(await later.operations.list()).toEqual([operation]);
  });

  test('does not open an operation again when it is saved after it was closed', async () => {
    const { catalog, reopen } = await given();
    const operation = makeOperation({ status: 'succeeded' });
    await catalog.operations.save(operation);
    await catalog.operations.close(operation.id);
    const later = await reopen();
    await later.operations.save({ ...operation, reason: 'told afterwards' });
    expect(await later.operations.listOpen()).toEqual([]);
    expect((await later.operations.get(operation.id))?.reason).toBe('told afterwards');
  });

  test('lists open and closed operations together, newest first, by workspace and up to a limit', async () => {
    const { catalog, reopen } = await given();
    const first = makeOperation({ startedAt: momentAfter(1), status: 'failed' });
    const second = makeOperation({ startedAt: momentAfter(2) });
    const other = makeOperation({ startedAt: momentAfter(3), workspace: 'other' });
    for (const operation of [second, first, other]) await catalog.operations.save(operation);
    await catalog.operations.close(first.id);
    for (const look of [catalog, await reopen()]) {
      await look.open();
      expect((await look.operations.list()).map(({ id }) => id)).toEqual([other.id, second.id, first.id]);
      expect((await look.operations.list({ workspace: 'team-ml' })).map(({ id }) => id)).toEqual([second.id, first.id]);
      expect((await look.operations.list({ workspace: 'team-ml', limit: 1 })).map(({ id }) => id)).toEqual([second.id]);
    }
  });

  test('goes on behind a place in the list of operations, open or closed', async () => {
    const { catalog, reopen } = await given();
    const at = [1, 2, 2, 3].map((minutes) => makeOperation({ startedAt: momentAfter(minutes) }));
    for (const operation of at) await catalog.operations.save(operation);
    for (const { id } of at.slice(0, 2)) await catalog.operations.close(id);
    const [oldest, lesser, greater, newest] = at.map(({ id }) => id);
    for (const look of [catalog, await reopen()]) {
      await look.open();
      const behind = async (place: { at: number; id: string }) =>
        (await look.operations.list({ after: place, workspace: 'team-ml' })).map(({ id }) => id);
      const both = Date.parse(momentAfter(2));
      expect(await behind({ at: Date.parse(momentAfter(3)), id: newest ?? '' })).toEqual([greater, lesser, oldest]);
      expect(await behind({ at: both, id: greater ?? '' })).toEqual([lesser, oldest]);
      expect(await behind({ at: both, id: lesser ?? '' })).toEqual([oldest]);
      expect(await behind({ at: 0, id: '' })).toEqual([]);
    }
  });

  test('answers undefined for an operation nobody knows', async () => {
    const { catalog } = await given();
    expect(await catalog.operations.get(makeId('op'))).toBeUndefined();
    expect(await catalog.operations.get('../../etc/passwd')).toBeUndefined();
    await catalog.operations.close(makeId('op'));
  });
}

function describeBackups(given: Given): void {
  test('lists backups newest cut first, also in a new life', async () => {
    const { catalog, reopen } = await given();
    const old = makeBackup({ takenAt: momentAfter(1) });
    const fresh = makeBackup({ takenAt: momentAfter(3) });
    const other = makeBackup({ takenAt: momentAfter(2), workspace: 'other' });
    for (const backup of [old, fresh, other]) await catalog.backups.save(backup);
    for (const look of [catalog, await reopen()]) {
      await look.open();
      expect(await look.backups.list()).toEqual([fresh, other, old]);
      expect(await look.backups.list({ workspace: 'team-ml', limit: 1 })).toEqual([fresh]);
      expect((await look.backups.known('team-ml')).map(({ id }) => id)).toEqual([fresh.id, old.id]);
    }
  });

  test('finds backups by status and by the copies they name, also in a new life', async () => {
    const { catalog, reopen } = await given();
    const copied = (copyId: string) => ({ parts: [makePart({ copyId })], manifestCopyId: `manifest of ${copyId}` });
    const done = makeBackup({ ...copied('one'), takenAt: momentAfter(1) });
    const partial = makeBackup({ ...copied('two'), status: 'incomplete', takenAt: momentAfter(2) });
    const gone = makeBackup({ ...copied('three'), status: 'deleted', takenAt: momentAfter(3), name: 'before' });
    for (const backup of [done, partial, gone]) await catalog.backups.save(backup);
    for (const look of [catalog, await reopen()]) {
      await look.open();
      expect(await look.backups.list({ status: 'completed' })).toEqual([done]);
      expect(await look.backups.list({ status: ['completed', 'incomplete'] })).toEqual([partial, done]);
      expect(await look.backups.list({ copies: ['one', 'manifest of three'] })).toEqual([gone, done]);
      expect(await look.backups.list({ copies: ['four'] })).toEqual([]);
      expect(await look.backups.known()).toMatchObject([
        { id: gone.id, workspace: 'team-ml', name: 'before', status: 'deleted' },
        { id: partial.id },
        { id: done.id },
      ]);
    }
  });

  test('finds a backup under what it has become, not under what it was', async () => {
    const { catalog } = await given();
    const backup = makeBackup();
    await catalog.backups.save(backup);
    expect(await catalog.backups.list({ status: 'completed' })).toHaveLength(1);
    await catalog.backups.save({ ...backup, status: 'deleted', takenAt: momentAfter(9) });
    expect(await catalog.backups.list({ status: 'completed' })).toEqual([]);
    expect(await catalog.backups.known()).toHaveLength(1);
  });

  test('replaces a backup that is saved again', async () => {
    const { catalog, reopen } = await given();
    const backup = makeBackup();
    await catalog.backups.save(backup);
    await catalog.backups.save({ ...backup, status: 'deleting' });
    expect((await catalog.backups.get(backup.id))?.status).toBe('deleting');
    expect((await (await reopen()).backups.get(backup.id))?.status).toBe('deleting');
  });

  test('loses no change of many made to one backup at once', async () => {
    const { catalog, reopen } = await given();
    const backup = makeBackup({ warnings: [] });
    await catalog.backups.save(backup);
    const notes = Array.from({ length: 25 }, (_, index) => `note ${index}`);
    await Promise.all(
      notes.map((note) => catalog.backups.change(backup.id, (now) => ({ ...now, warnings: [...now.warnings, note] }))),
    );
    const changed = await catalog.backups.get(backup.id);
    expect(changed?.warnings.toSorted()).toEqual(notes.toSorted());
    expect(await (await reopen()).backups.get(backup.id)).toEqual(changed);
  });

  test('lets exactly one of a pin and a deletion have a backup', async () => {
    const { catalog, reopen } = await given();
    const backup = makeBackup();
    await catalog.backups.save(backup);
    const refuse = () => {
      throw new UserError('backup-held', 'The other was first.');
    };
    const pinned = { by: 'alice', at: momentAfter(40) };
    const outcomes = await Promise.allSettled([
      catalog.backups.change(backup.id, (now) => (now.status === 'completed' ? { ...now, pinned } : refuse())),
      catalog.backups.change(backup.id, (now) => (now.pinned ? refuse() : { ...now, status: 'deleting' })),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const stands = await (await reopen()).backups.get(backup.id);
    expect([stands?.status, stands?.pinned]).toBeOneOf([
      ['completed', pinned],
      ['deleting', undefined],
    ]);
  });

  test('leaves a backup as it is when the change refuses', async () => {
    const { catalog } = await given();
    const backup = makeBackup();
    await catalog.backups.save(backup);
    const refuse = () => {
      throw new UserError('backup-held', 'It is pinned.');
    };
    await expect(catalog.backups.change(backup.id, refuse)).rejects.toMatchObject({ code: 'backup-held' });
    expect(await catalog.backups.change(backup.id, () => undefined)).toEqual(backup);
    expect(await catalog.backups.get(backup.id)).toEqual(backup);
  });

  test('changes a backup of an earlier life, before it is opened', async () => {
    const { catalog, reopen } = await given();
    const backup = makeBackup();
    await catalog.backups.save(backup);
    const later = await reopen();
    expect((await later.backups.change(backup.id, (now) => ({ ...now, status: 'deleting' }))).status).toBe('deleting');
    await later.open();
    expect(await later.backups.list()).toMatchObject([{ id: backup.id, status: 'deleting' }]);
  });

  test('refuses to change a backup nobody knows', async () => {
    const { catalog } = await given();
    for (const id of [makeId('bkp'), 'bkp_../secret']) {
      const changing = catalog.backups.change(id, (now) => now);
      await expect(changing).rejects.toMatchObject({ code: 'unknown-backup' });
    }
  });

  test('answers undefined for a backup nobody knows', async () => {
    const { catalog } = await given();
    expect(await catalog.backups.get(makeId('bkp'))).toBeUndefined();
    expect(await catalog.backups.get('bkp_../secret')).toBeUndefined();
  });

  test('answers backups that cannot be changed by accident', async () => {
    const { catalog } = await given();
    const backup = makeBackup();
    await catalog.backups.save(backup);
    backup.warnings.push('after the fact');
    const answered = await catalog.backups.get(backup.id);
    expect(() => answered?.warnings.push('by accident')).toThrow(TypeError);
    expect((await catalog.backups.list())[0]?.warnings).toEqual([]);
  });
}

function describeRequests(given: Given): void {
  test('lists requests newest first, by workspace and status', async () => {
    const { catalog, reopen } = await given();
    const pending = makeRequest({ askedAt: momentAfter(21) });
    const denied = makeRequest({ askedAt: momentAfter(22), status: 'denied' });
    const other = makeRequest({ askedAt: momentAfter(23), workspace: 'other' });
    for (const request of [pending, denied, other]) await catalog.requests.save(request);
    for (const look of [catalog, await reopen()]) {
      await look.open();
      expect(await look.requests.list()).toEqual([other, denied, pending]);
      expect(await look.requests.list({ workspace: 'team-ml', status: 'pending' })).toEqual([pending]);
      expect(await look.requests.list({ status: ['pending', 'denied'] })).toEqual([other, denied, pending]);
      expect(await look.requests.list({ backupId: denied.backupId })).toEqual([denied]);
      expect((await look.requests.known()).map(({ id }) => id)).toEqual([other.id, denied.id, pending.id]);
      const after = { at: Date.parse(other.askedAt), id: other.id };
      expect(await look.requests.list({ after, limit: 1 })).toEqual([denied]);
      expect(await look.requests.list({ after: { ...after, at: Date.parse(denied.askedAt) } })).toEqual([
        denied,
        pending,
      ]);
    }
  });

  test('lets exactly one of many move an approved request to an operation', async () => {
    const { catalog, reopen } = await given();
    const request = makeRequest({ status: 'approved' });
    await catalog.requests.save(request);
    const outcomes = await Promise.all(
      Array.from({ length: 25 }, async () => {
        const mine = makeId('op');
        const stands = await catalog.requests.change(request.id, (now) =>
          now.status === 'approved' ? { ...now, status: 'used', operationId: mine } : undefined,
        );
        return stands.operationId === mine;
      }),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect((await (await reopen()).requests.get(request.id))?.status).toBe('used');
  });

  test('loses no vote of many given at once', async () => {
    const { catalog } = await given();
    const request = makeRequest({ votesNeeded: 9 });
    await catalog.requests.save(request);
    const vote = (name: string) => ({ by: { name, proof: 'token' as const }, at: momentAfter(30), approves: true });
    await Promise.all(
      ['bob', 'carol', 'dave', 'erin'].map((name) =>
        catalog.requests.change(request.id, (now) => ({ ...now, votes: [...now.votes, vote(name)] })),
      ),
    );
    expect((await catalog.requests.get(request.id))?.votes.map(({ by }) => by.name)).toEqual(
      expect.arrayContaining(['bob', 'carol', 'dave', 'erin']),
    );
  });

  test('leaves a request as it is when the decision refuses', async () => {
    const { catalog } = await given();
    const request = makeRequest();
    await catalog.requests.save(request);
    const refuse = () => {
      throw new UserError('own-approval', 'Not your own.');
    };
    await expect(catalog.requests.change(request.id, refuse)).rejects.toMatchObject({ code: 'own-approval' });
    expect(await catalog.requests.change(request.id, () => undefined)).toEqual(request);
    expect(await catalog.requests.get(request.id)).toEqual(request);
  });

  test('decides on a request of an earlier life, before it is opened', async () => {
    const { catalog, reopen } = await given();
    const request = makeRequest();
    await catalog.requests.save(request);
    const later = await reopen();
    expect((await later.requests.change(request.id, (now) => ({ ...now, status: 'expired' }))).status).toBe('expired');
  });

  test('refuses to decide on a request nobody knows', async () => {
    const { catalog } = await given();
    const deciding = catalog.requests.change(makeId('req'), (now) => now);
    await expect(deciding).rejects.toMatchObject({ code: 'unknown-request' });
  });
}

function describeMarks(given: Given): void {
  test('remembers the marks of a workspace across lives and loses none that are made at once', async () => {
    const { catalog, reopen } = await given();
    expect(await catalog.marks.get('team-ml')).toEqual({ schema: 1, id: 'team-ml', leftCopies: [] });
    const retentionOff = { since: momentAfter(1), because: 'the catalog was rebuilt' };
    const ids = [makeId('op'), makeId('op'), makeId('op')];
    await Promise.all([
      catalog.marks.change('team-ml', (now) => ({ ...now, retentionOff })),
      ...ids.map((id) => catalog.marks.change('team-ml', (now) => ({ ...now, leftCopies: [...now.leftCopies, id] }))),
    ]);
    expect(await catalog.marks.change('team-ml', () => undefined)).toMatchObject({ retentionOff });
    const marks = await (await reopen()).marks.get('team-ml');
    expect(marks.retentionOff).toEqual(retentionOff);
    expect(marks.leftCopies.toSorted()).toEqual(ids.toSorted());
    expect(await catalog.marks.get('other')).toMatchObject({ leftCopies: [] });
  });
}

function describeActivity(given: Given): void {
  test('keeps what people ran in a workspace across lives and loses no hour that is noted at once', async () => {
    const { catalog, reopen } = await given();
    expect(await catalog.activity.get('team-ml')).toEqual({ schema: 1, id: 'team-ml', weeks: [] });
    const mondays = ['2026-02-16', '2026-02-23', '2026-03-02'];
    const hours = Array.from({ length: 168 }, (_, hour) => (hour < 100 ? hour : null));
    await Promise.all(
      mondays.map((monday) =>
        catalog.activity.change('team-ml', (now) => ({ ...now, weeks: [...now.weeks, { monday, hours }] })),
      ),
    );
    const { weeks } = await (await reopen()).activity.get('team-ml');
    expect(weeks.map(({ monday }) => monday).toSorted()).toEqual(mondays);
    expect(weeks[0]?.hours).toEqual(hours);
    expect((await catalog.activity.get('other')).weeks).toEqual([]);
  });
}

function describeSchedules(given: Given): void {
  test('remembers what became of schedules across lives and loses nothing that is said at once', async () => {
    const { catalog, reopen } = await given();
    expect(await catalog.schedules.get('team-ml/nightly')).toEqual({ schema: 1, id: 'team-ml/nightly', missed: [] });
    expect(await catalog.schedules.list()).toEqual([]);
    const missed = [1, 2, 3].map((minutes) => ({ slotAt: momentAfter(minutes), because: 'nobody was there' }));
    await Promise.all([
      catalog.schedules.change('/digest', (now) => ({ ...now, lastSlotAt: momentAfter(9) })),
      ...missed.map((one) =>
        catalog.schedules.change('team-ml/nightly', (now) => ({ ...now, missed: [...now.missed, one] })),
      ),
    ]);
    const later = await reopen();
    expect((await later.schedules.list()).map(({ id }) => id)).toEqual(['/digest', 'team-ml/nightly']);
    expect((await later.schedules.get('/digest')).lastSlotAt).toBe(momentAfter(9));
    const { missed: kept } = await later.schedules.get('team-ml/nightly');
    expect(kept.toSorted((one, other) => (one.slotAt < other.slotAt ? -1 : 1))).toEqual(missed);
  });

  test('leaves a schedule as it is when nothing is decided, or something refuses', async () => {
    const { catalog } = await given();
    const paused = { by: 'alice', at: momentAfter(1) };
    await catalog.schedules.change('team-ml/nightly', (now) => ({ ...now, paused }));
    expect(await catalog.schedules.change('team-ml/nightly', () => undefined)).toMatchObject({ paused });
    const refusing = catalog.schedules.change('team-ml/nightly', () => {
      throw new UserError('nothing-to-do', 'It is paused already.');
    });
    await expect(refusing).rejects.toMatchObject({ code: 'nothing-to-do' });
    expect(await catalog.schedules.get('team-ml/nightly')).toMatchObject({ paused });
  });
}

function describeAudit(given: Given): void {
  test('lists the audit trail newest first, across lives', async () => {
    const { catalog, reopen } = await given();
    const entries = ['backup asked', 'restore asked', 'approved'].map((did) => makeAuditEntry({ did }));
    for (const entry of entries.slice(0, 2)) await catalog.audit.append(entry);
    const later = await reopen();
    for (const entry of entries.slice(2)) await later.audit.append(entry);
    expect(await later.audit.list(10)).toEqual(entries.toReversed());
    expect(await later.audit.list(2)).toEqual(entries.toReversed().slice(0, 2));
  });

  test('pages through the audit trail, whatever is appended meanwhile', async () => {
    const { catalog } = await given();
    const entries = Array.from({ length: 7 }, (_, count) =>
      makeAuditEntry({ did: `did ${count}`, workspace: count % 2 === 0 ? 'team-ml' : 'other', subject: `s${count}` }),
    );
    for (const entry of entries) await catalog.audit.append(entry);
    const seen = [];
    let page = await catalog.audit.page({ limit: 3 });
    for (seen.push(page.entries); page.next !== undefined; seen.push(page.entries)) {
      await catalog.audit.append(makeAuditEntry({ did: 'meanwhile' }));
      page = await catalog.audit.page({ limit: 3, before: page.next });
    }
    const newestFirst = entries.toReversed();
    expect(seen).toEqual([newestFirst.slice(0, 3), newestFirst.slice(3, 6), newestFirst.slice(6)]);
    const ofOther = await catalog.audit.page({ limit: 9, workspace: 'other' });
    expect(ofOther.entries.map(({ did }) => did)).toEqual(['did 5', 'did 3', 'did 1']);
    expect((await catalog.audit.page({ limit: 9, subject: 's4' })).entries).toEqual([entries[4]]);
    expect((await catalog.audit.page({ limit: 9, by: 'nobody' })).entries).toEqual([]);
  });

  test('has an empty audit trail at first', async () => {
    const { catalog } = await given();
    expect(await catalog.audit.list(10)).toEqual([]);
    expect(await catalog.audit.page({ limit: 10 })).toEqual({ entries: [] });
  });
}
