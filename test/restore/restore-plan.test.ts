import { expect, it } from 'vitest';
import { makeRestorePlan } from '../../src/restore/restore-plan.ts';
import type { Inspection, PartState } from '../../src/workspace/inspection.ts';
import { makePartPlan } from '../backup/part-plan.ts';
import { makeBackup, makePart } from '../fakes/records.ts';

const lookedAt = new Date('2026-03-02T00:00:00.000Z');
const live = (changes: Partial<PartState> = {}): PartState => ({
  ...makePartPlan({ files: 7, bytes: 70 }),
  freeBytes: 1e9,
  possible: ['two-pass'],
  present: true,
  ...changes,
});
const look = (changes: Partial<Inspection> = {}): Inspection => ({
  release: '1.4',
  services: [],
  parts: [live()],
  leftOut: [],
  warnings: [],
  ...changes,
});
const backup = makeBackup({ parts: [makePart()] });
const digest = (from = backup, onto = look(), at = lookedAt) => makeRestorePlan(from, onto, at).digest;

it('says what comes back, where to, and what it displaces', () => {
  const plan = makeRestorePlan(backup, look(), lookedAt);
  expect(plan.parts).toMatchObject([{ name: 'db', path: '/live/db', pathInCopy: '/srv/team-ml/db', files: 12 }]);
  expect(plan.overwrites).toEqual([{ name: 'db', files: 7, bytes: 70 }]);
  expect(plan).toMatchObject({ way: 'swap', undoable: true, lookedAt: lookedAt.toISOString(), warnings: [] });
  expect(plan.writtenSince).toBeUndefined();
});

it('adds up what was written since the backup', () => {
  const parts = [live({ writtenSince: 2 }), live({ name: 'projects', writtenSince: 3 })];
  expect(makeRestorePlan(backup, look({ parts }), lookedAt).writtenSince).toBe(5);
});

it('warns of what is not consistent, not in the backup, or of another release', () => {
  const from = makeBackup({
    parts: [makePart({ consistent: false })],
    leftOut: [{ name: 'scratch', reason: 'rebuilt nightly' }],
    release: '1.3',
  });
  expect(makeRestorePlan(from, look(), lookedAt).warnings).toEqual([
    '"db" was copied while services were up: it is not consistent.',
    '"scratch" is not in the backup and stays as it is (rebuilt nightly).',
    'The backup is of release 1.3; its definition is applied at release 1.4.',
  ]);
});

it('leaves the path of a part empty that the workspace does not have any more', () => {
  expect(makeRestorePlan(backup, look({ parts: [] }), lookedAt).parts).toMatchObject([{ path: '' }]);
});

it('gives the same digest as long as nothing changes that an approver decides on', () => {
  const drifted = look({ parts: [live({ files: 8, bytes: 99, freeBytes: 5e8, writtenSince: 4 })], warnings: ['full'] });
  expect(digest(backup, drifted, new Date())).toBe(digest());
});

it('gives another digest for another backup, target or release', () => {
  const others = [
    digest({ ...backup, manifestSha256: '1'.repeat(64) }),
    digest({ ...backup, id: 'bkp_zzzzzzzzzz' }),
    digest({ ...backup, release: '1.3' }),
    digest({ ...backup, workspace: 'other' }),
    digest({ ...backup, parts: [...backup.parts, makePart({ name: 'projects' })] }),
    digest(backup, look({ release: '1.5' })),
    digest(backup, look({ parts: [live({ path: '/elsewhere' })] })),
  ];
  expect(new Set([digest(), ...others]).size).toBe(others.length + 1);
});

it('writes in place where all parts together find no room beside, or the platform cannot swap', () => {
  const parts = [live({ fileSystem: 'one' }), live({ name: 'projects', fileSystem: 'one' })];
  const two = makeBackup({ parts: [makePart({ bytes: 60 }), makePart({ name: 'projects', bytes: 60 })] });
  const wayWith = (freeBytes: number) =>
    makeRestorePlan(two, look({ parts: parts.map((part) => ({ ...part, freeBytes })) }), lookedAt).way;
  expect([wayWith(120), wayWith(119)]).toEqual(['swap', 'in-place']);
  const plan = makeRestorePlan(two, look({ parts }), lookedAt, { canSwap: false });
  expect(plan).toMatchObject({ way: 'in-place', warnings: [expect.stringContaining('safety backup')] });
  expect(plan.forecast.downtimeMs).toBeGreaterThan(makeRestorePlan(two, look({ parts }), lookedAt).forecast.downtimeMs);
});

it('writes in place where nothing can be built beside a part, and says why', () => {
  const parts = [live({ notBeside: 'its volumes are made by hand' })];
  const plan = makeRestorePlan(backup, look({ parts }), lookedAt);
  expect(plan).toMatchObject({
    way: 'in-place',
    warnings: [expect.stringContaining('made by hand')],
  });
});

it('names what an incomplete backup lacks, of what is asked for', () => {
  const unreadable = [
    { path: 'a/secret', accepted: false },
    { path: 'cache/x', accepted: true },
  ];
  const torn = makeBackup({ status: 'incomplete', parts: [makePart({ unreadable })] });
  expect(makeRestorePlan(torn, look(), lookedAt).missing).toEqual(['db/a/secret']);
  const only = (within: string) => {
    const path = { name: 'db', within, is: 'folder' as const, files: 1, directories: 0, bytes: 1 };
    return makeRestorePlan(torn, look(), lookedAt, { only: [path], canSwap: true }).missing;
  };
  expect([only('a'), only('a/secret'), only('b')]).toEqual([['db/a/secret'], ['db/a/secret'], undefined]);
  const vague = makeBackup({ status: 'incomplete', parts: [makePart()] });
  expect(makeRestorePlan(vague, look(), lookedAt).missing).toHaveLength(1);
  expect(digest(torn)).not.toBe(digest(vague));
  const both = makeBackup({ status: 'incomplete', parts: [makePart({ unreadable })], hasUnnamedLoss: true });
  expect(makeRestorePlan(both, look(), lookedAt).missing).toEqual([
    'db/a/secret',
    'Which other paths could not be read is not known.',
  ]);
});
