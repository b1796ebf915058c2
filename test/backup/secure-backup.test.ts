import { beforeEach, expect, it } from 'vitest';
import type { Cut, MadeCopy } from '../../src/backup/backup-steps.ts';
import { countParts } from '../../src/backup/count-parts.ts';
import { type Captured, makeManifest, proveCopies, recordBackup } from '../../src/backup/record-backup.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import type { BackupPlan } from '../../src/records/plan.ts';
import { createFakeMover, type FakeFiles, type FakeRepository } from '../fakes/mover.ts';
import { makeOperation, momentAfter } from '../fakes/records.ts';
import { makePartPlan } from './part-plan.ts';

const never = new AbortController().signal;
const options = { folder: '/nowhere', key: 'any' };

let repository: FakeRepository;
let files: FakeFiles;
beforeEach(() => {
  repository = { exists: true, copies: [], made: 0 };
  files = new Map([
    ['/live/db/one', '1'],
    ['/live/db/two', '22'],
    ['/live/projects/a', 'a'],
  ]);
});

const parts = [
  makePartPlan({ files: 2, bytes: 3 }),
  makePartPlan({
    name: 'projects',
    kind: 'shared-folder',
    path: '/live/projects',
    capture: 'cold',
    files: 1,
    bytes: 1,
  }),
];
const plan: BackupPlan = {
  workspace: 'team-ml',
  release: '1.4',
  services: [],
  parts,
  leftOut: [{ name: 'scratch', reason: 'rebuilt nightly' }],
  forecast: { downtimeMs: 0, totalMs: 0, basis: '' },
  budgetMs: 1,
  noticeMs: 0,
  parents: {},
  warnings: [],
};

async function makeCut(): Promise<Cut & { delta: MadeCopy }> {
  const mover = createFakeMover(repository, files);
  const paths = parts.map(({ path }) => path).filter((path) => [...files.keys()].some((file) => file.startsWith(path)));
  const copy = await mover.copy({ paths, exclude: [], tags: ['op_0000000001'] }, options);
  const quiet = { operationId: 'op_0000000001', token: 'quiet', stoppedAt: momentAfter(1) };
  return { takenAt: momentAfter(2), quiet, snapshots: [], delta: { ...copy, unreadable: [...copy.unreadable] } };
}

async function count(cut: Cut, acceptUnreadable: readonly string[] = []) {
  const mover = createFakeMover(repository, files);
  return countParts(plan, cut, undefined, {
    mover,
    folder: '/nowhere',
    signal: never,
    acceptUnreadable,
    startedAt: momentAfter(3),
  });
}

async function capture(acceptUnreadable: readonly string[] = []): Promise<Captured> {
  const cut = await makeCut();
  return {
    backupId: 'bkp_0000000001',
    operation: makeOperation({ id: 'op_0000000001' }),
    plan,
    definition: { path: '/nowhere', sha256: 'd', release: '1.4' },
    cut,
    started: { readyAt: momentAfter(3), services: [] },
    secured: await count(cut, acceptUnreadable),
  };
}

it('counts every part by what the copy holds', async () => {
  const secured = await count(await makeCut());
  expect(secured.map(({ name, files: count, bytes }) => ({ name, count, bytes }))).toEqual([
    { name: 'db', count: 2, bytes: 3 },
    { name: 'projects', count: 1, bytes: 1 },
  ]);
});

it('refuses a copy in which a part is missing', async () => {
  files.delete('/live/projects/a');
  await expect(makeCut().then((cut) => count(cut))).rejects.toMatchObject({ code: 'copy-not-proven' });
});

it('refuses a part that came out empty though it was not', async () => {
  files.delete('/live/projects/a');
  files.set('/live/projects/', '');
  await expect(makeCut().then((cut) => count(cut))).rejects.toThrow('"projects" had 1 files and came out empty.');
});

it('refuses a part in which something was changed between the cut and the start of services', async () => {
  const cut = await makeCut();
  const counted = async (at: string, hasOwnClock = true) => {
    const mover = createFakeMover(repository, files);
    const count: typeof mover.count = async (...asked) =>
      (await mover.count(...asked)).map((one) => ({ ...one, lastChange: { path: `${one.path}/x`, at } }));
    const own = { ...plan, parts: parts.map((part) => ({ ...part, hasOwnClock })) };
    const world = { mover: { ...mover, count }, folder: '/nowhere', signal: never, acceptUnreadable: [] };
    return countParts(own, cut, undefined, { ...world, startedAt: momentAfter(3) });
  };
  await expect(counted(momentAfter(2.5))).rejects.toMatchObject({
    code: 'not-quiet',
    message: expect.stringContaining('/live/db/x of "db" was changed while services were stopped'),
  });
  await counted(momentAfter(2));
  await counted(momentAfter(4)); // the clock was set back
  await counted(momentAfter(2.5), false);
});

it('says that a first pass could not mark everything', async () => {
  const captured = await capture();
  const warm = { ...(captured.cut.delta as MadeCopy), unmarked: true };
  expect(makeManifest({ ...captured, warm })).toMatchObject({
    status: 'completed',
    warnings: [expect.stringContaining('cml may not touch')],
  });
});

it('says of which parts the programs had to be killed, in the manifest and in the record', async () => {
  const captured = await capture();
  const killed = { db: ['the container db of db-0 did not end within its grace and was killed'] };
  const crashed = { ...captured, cut: { ...captured.cut, quiet: { ...captured.cut.quiet, killed } } };
  const manifest = makeManifest(crashed);
  expect(manifest.parts.map(({ name, crashConsistent }) => [name, crashConsistent])).toEqual([
    ['db', killed.db],
    ['projects', undefined],
  ]);
  expect(manifest).toMatchObject({
    status: 'completed',
    warnings: [expect.stringContaining('db is only crash-consistent')],
  });
  const saved: unknown[] = [];
  const verified = { id: 'bkp_0', verified: { at: momentAfter(1) } };
  const backups = {
    save: async (backup: unknown) => void saved.push(backup),
    list: async () => [{ id: 'bkp_1' }, verified],
  };
  const catalog = { backups } as unknown as Catalog;
  const outcome = await recordBackup(crashed, { copyId: 'm', sha256: 's' }, '/nowhere', new Date(), catalog);
  expect(outcome).toMatchObject({ crashConsistent: ['db'], warnings: manifest.warnings });
  expect(outcome.lastVerified).toEqual({ backupId: 'bkp_0', at: momentAfter(1) });
  expect(saved).toMatchObject([{ parts: [{ crashConsistent: killed.db }, { name: 'projects' }] }]);
});

it('calls a backup completed when every part is there', async () => {
  const manifest = makeManifest(await capture());
  expect(manifest).toMatchObject({ status: 'completed', warnings: [], downtimeMs: 120_000, takenAt: momentAfter(2) });
  expect(manifest.parts.every(({ consistent }) => consistent)).toBe(true);
});

it('calls a backup incomplete when a file could not be read', async () => {
  files.set('/live/db/locked', null);
  const manifest = makeManifest(await capture());
  expect(manifest.status).toBe('incomplete');
  expect(manifest.warnings).toEqual(['Could not be read: db/locked']);
});

it('calls a backup completed when all that could not be read may be so', async () => {
  files.set('/live/db/sockets/locked', null);
  const manifest = makeManifest(await capture(['sockets/**']));
  expect(manifest.status).toBe('completed');
  expect(manifest.warnings).toEqual(['Not readable, as accepted: db/sockets/locked']);
});

it('calls a backup incomplete when a path is too long to be restored, whatever is accepted', async () => {
  const captured = await capture(['**']);
  const deep = { path: 'd'.repeat(3_000), accepted: false, tooDeep: true };
  const [db, ...others] = captured.secured;
  if (!db) throw new Error('nothing was secured');
  const manifest = makeManifest({ ...captured, secured: [{ ...db, unreadable: [deep] }, ...others] });
  expect(manifest).toMatchObject({
    status: 'incomplete',
    warnings: [expect.stringMatching(/^Could not be restored beside live data, its path is too long: db\/d+…d+$/)],
  });
  expect(manifest.warnings[0]?.length).toBeLessThan(400);
});

it('calls a backup incomplete when what could not be read belongs to no part', async () => {
  const captured = await capture(['**']);
  const delta = { ...(captured.cut.delta as MadeCopy), unreadable: ['something went wrong'] };
  const torn = makeManifest({ ...captured, cut: { ...captured.cut, delta } });
  expect(torn).toMatchObject({ status: 'incomplete', hasUnnamedLoss: true });
  expect(makeManifest(captured)).not.toHaveProperty('hasUnnamedLoss');
});

it('calls no backup completed without a planned part', async () => {
  const captured = await capture();
  expect(() => makeManifest({ ...captured, secured: captured.secured.slice(1) })).toThrow(
    '"db" was planned and not captured.',
  );
});

it('believes in copies only as the repository shows them', async () => {
  const captured = await capture();
  const mover = createFakeMover(repository, files);
  const manifest = await mover.copy({ paths: ['/live/db'], exclude: [], tags: ['op_0000000001'] }, options);
  await proveCopies(captured, manifest.id, mover, '/nowhere', never);
  const unproven = { code: 'copy-not-proven' };
  await expect(proveCopies(captured, 'unknown', mover, '/nowhere', never)).rejects.toMatchObject(unproven);
  const delta = { ...(captured.cut.delta as MadeCopy), files: 99 };
  const other = { ...captured, cut: { ...captured.cut, delta } };
  await expect(proveCopies(other, manifest.id, mover, '/nowhere', never)).rejects.toMatchObject(unproven);
});
