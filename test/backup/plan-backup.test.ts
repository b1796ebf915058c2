import { beforeEach, expect, it } from 'vitest';
import { lookAgain, planBackup } from '../../src/backup/plan-backup.ts';
import { PortError } from '../../src/errors.ts';
import type { DataMover } from '../../src/mover/mover.ts';
import type { ChosenCapture } from '../../src/records/workspace.ts';
import type { WorkspacePlatform } from '../../src/workspace/platform.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakeMover } from '../fakes/mover.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { makeBackup, makePart, makeSettings } from '../fakes/records.ts';
import { createWorld, type World } from '../fakes/world.ts';
import { backupParts } from './backup-case.ts';

const OPERATION = 'op_0000000001';
const never = new AbortController().signal;

let world: World;
beforeEach(() => {
  world = createWorld({ folder: '/nowhere', parts: backupParts, services: { web: true, db: true, idle: false } });
});

const platform = () => createFakePlatform(world, plainEffect);
const catalog = () => createFakeCatalog(world.catalog);

/** Where no snapshot of `models` can be made. */
function poorer(): WorkspacePlatform {
  const inspect: WorkspacePlatform['inspect'] = async (options) => {
    const { parts, ...others } = await platform().inspect(options);
    const lack = { possible: ['two-pass' as const], reason: 'it has a subvolume inside' };
    return { ...others, parts: parts.map((part) => (part.name === 'models' ? { ...part, ...lack } : part)) };
  };
  return { ...platform(), inspect };
}

function plan(wishes: { noticeMs?: number; capture?: ChosenCapture; downtimeBudget?: number } = {}, on = platform()) {
  const { downtimeBudget, ...others } = wishes;
  const { policy } = makeSettings();
  const ports = { platform: on, mover: createFakeMover(world.repository, new Map()), catalog: catalog() };
  const budget = downtimeBudget === undefined ? {} : { downtimeBudget };
  const all = { workspace: 'team-ml', policy: { ...policy, ...budget }, operationId: OPERATION, folder: '/nowhere' };
  return planBackup(ports, { ...all, ...others }, never);
}

it('plans every part as it is configured, counted', async () => {
  const { parts, noticeMs, budgetMs, warnings } = await plan();
  expect(parts.map(({ name, capture }) => `${name} ${capture}`)).toEqual([
    'models snapshot',
    'db two-pass',
    'projects two-pass',
    'datasets cold',
    'scratch after-start',
  ]);
  expect(parts.every(({ files }) => files === 3)).toBe(true);
  expect({ noticeMs, budgetMs, warnings }).toEqual({ noticeMs: 600_000, budgetMs: 900_000, warnings: [] });
  expect((await plan({ noticeMs: 0 })).noticeMs).toBe(0);
});

it('captures all parts as asked for this backup', async () => {
  const { parts } = await plan({ capture: 'cold' });
  expect(new Set(parts.map(({ capture, reason }) => `${capture}: ${reason}`))).toEqual(
    new Set(['cold: asked for this backup']),
  );
});

it('refuses when a part is not there', async () => {
  world.trees.delete('/live/projects');
  await expect(plan()).rejects.toMatchObject({
    code: 'preflight-failed',
    message: 'The shared folder "projects" is not there: /live/projects',
  });
});

it('refuses when services were stopped by another operation', async () => {
  const planned = await plan();
  await platform().noteRunning('op_0000000009');
  await expect(plan()).rejects.toMatchObject({ code: 'preflight-failed' });
  await expect(lookAgain(platform(), OPERATION, planned, never)).rejects.toMatchObject({ code: 'preflight-failed' });
});

it('does not mind its own note', async () => {
  const planned = await plan();
  await platform().noteRunning(OPERATION);
  await lookAgain(platform(), OPERATION, planned, never);
});

it('refuses a configured capture that cannot be done, when planning and right before services stop', async () => {
  const planned = await plan();
  const refusal = {
    code: 'preflight-failed',
    message: 'The volume "models" cannot be captured as snapshot: it has a subvolume inside.',
    hint: 'Possible here: two-pass.',
  };
  await expect(plan({}, poorer())).rejects.toMatchObject(refusal);
  await expect(lookAgain(poorer(), OPERATION, planned, never)).rejects.toMatchObject(refusal);
  expect((await plan({ capture: 'two-pass' }, poorer())).parts[0]).toMatchObject({ capture: 'two-pass' });
});

it('refuses when services would be down longer than the budget', async () => {
  await expect(plan({ downtimeBudget: 5_000 })).rejects.toMatchObject({ code: 'preflight-failed' });
});

it('refuses a workspace with nothing to back up', async () => {
  world = createWorld({ folder: '/nowhere', parts: [], services: { web: true } });
  await expect(plan()).rejects.toMatchObject({ message: 'team-ml has nothing to back up.' });
});

it('takes the newest copies that are still in the repository as parents', async () => {
  const mover = createFakeMover(world.repository, new Map([['/live/db/a', 'a']]));
  const copy = await mover.copy({ paths: ['/live/db'], exclude: [], tags: [] }, { folder: '/nowhere', key: 'copy' });
  const older = makeBackup({ parts: [makePart({ copyId: copy.id })], takenAt: '2026-02-01T00:00:00.000Z' });
  const lost = makeBackup({ parts: [makePart({ copyId: 'lost' })], takenAt: '2026-02-02T00:00:00.000Z' });
  for (const backup of [older, lost]) await catalog().backups.save(backup);
  expect((await plan()).parents).toEqual({ cut: copy.id });
});

it('says so when a part lost most of its files', async () => {
  await catalog().backups.save(makeBackup({ parts: [makePart({ name: 'db', files: 100 })] }));
  expect((await plan()).warnings).toEqual(['"db" has 3 files; the last backup had 100.']);
});

it('tries to reach the repository from where programs run, when that is not here', async () => {
  const tried: string[] = [];
  const reach: DataMover['reach'] = async ({ key }) => {
    tried.push(key);
    throw new PortError('mover-unavailable', 'There is no way');
  };
  const from = (reader: 'job' | 'child') => {
    const on = { ...platform(), capabilities: { ...platform().capabilities, reader } };
    const ports = {
      platform: on,
      mover: { ...createFakeMover(world.repository, new Map()), reach },
      catalog: catalog(),
    };
    const { policy } = makeSettings();
    return planBackup(ports, { workspace: 'team-ml', policy, operationId: OPERATION, folder: '/nowhere' }, never);
  };
  await from('child');
  expect(tried).toEqual([]);
  await expect(from('job')).rejects.toMatchObject({ code: 'mover-unavailable', message: 'There is no way' });
  expect(tried).toEqual(['reach']);
});
