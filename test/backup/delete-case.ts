import { deleteBackup } from '../../src/backup/delete-backup.ts';
import { makeDeletePlan } from '../../src/backup/delete-plan.ts';
import type { deleteStory } from '../../src/backup/delete-steps.ts';
import { deleteStory as declaration } from '../../src/backup/delete-steps.ts';
import type { Backup } from '../../src/records/backup.ts';
import { workspacePolicy } from '../../src/records/workspace.ts';
import { claimApproval } from '../../src/restore/prepare-restore.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { createFakeMover, type FakeFiles } from '../fakes/mover.ts';
import { makeBackup, makeDeleteRequest, makeOperation, makePart, makeSettings, momentAfter } from '../fakes/records.ts';
import { createWorld, type FakePart, type World } from '../fakes/world.ts';
import type { StoryCase } from '../operation/play.ts';

export const parts: readonly FakePart[] = [
  { name: 'models', kind: 'volume', location: 'internal', capture: 'snapshot', path: '/live/models' },
  { name: 'db', kind: 'volume', location: 'internal', capture: 'two-pass', path: '/live/db' },
  { name: 'projects', kind: 'shared-folder', location: 'internal', capture: 'two-pass', path: '/live/projects' },
];

export const DOOMED = 'bkp_0000000001';
export const KEPT = 'bkp_0000000002';
const REQUEST_ID = 'req_0000000001';

/** An approved deletion of one of two backups, which share the copy of one part. */
export const deleteCase: StoryCase<typeof deleteStory> = {
  declaration,
  async make(folder) {
    const world = createWorld({ folder, parts, services: { web: true, db: true, idle: false } });
    const backups = await storeBackups(world);
    const catalog = createFakeCatalog(world.catalog);
    for (const backup of backups) await catalog.backups.save(backup);
    const plan = makeDeletePlan(backups[0], backups);
    const request = makeDeleteRequest({ id: REQUEST_ID, plan, status: 'approved', expiresAt: momentAfter(500) });
    await catalog.requests.save(request);
    const settings = makeSettings({ policy: workspacePolicy.parse({ approvers: ['bob'] }) });
    const startedAt = new Date(world.time.now()).toISOString();
    const input = JSON.parse(JSON.stringify({ requestId: REQUEST_ID, plan }));
    return { world, operation: makeOperation({ kind: 'delete', startedAt, journal: [], input, settings }) };
  },
  tell(story, ports, operation) {
    const input = operation.input as never; // as the orchestrator hands it in, after it was read
    const claim = (requestId: string, operationId: string, now: Date) =>
      claimApproval(ports, requestId, operationId, now);
    return deleteBackup(story, { ...ports, claimApproval: claim }, input);
  },
};

/** Two completed backups, which share the copy of one part. */
export async function storeBackups(world: World): Promise<[Backup, Backup]> {
  const files: FakeFiles = new Map();
  for (const { path } of parts) files.set(`${path}/first`, 'then').set(`${path}/last`, 'then').set(`${path}/log`, '0');
  for (const id of [DOOMED, KEPT]) files.set(`/made/${id}/definition.json`, 'definition then');
  const mover = createFakeMover(world.repository, files);
  const copy = (paths: string[]) => mover.copy({ paths, exclude: [], tags: [] }, { folder: '/', key: 'before' });
  const shared = await copy(['/live/models']);
  const make = async (id: string, takenAt: string) => {
    const data = await copy(['/live/db', '/live/projects']);
    const manifest = await copy([`/made/${id}`]);
    const made = parts.map(({ name, kind, capture, path }) => {
      const copyId = name === 'models' ? shared.id : data.id;
      return makePart({ name, kind, capture, copyId, pathInCopy: path, files: 3, directories: 0 });
    });
    const definition = { copyId: manifest.id, pathInCopy: `/made/${id}`, sha256: 'd'.repeat(64), release: '1.4' };
    const operationId = id.replace('bkp_', 'op_');
    return makeBackup({ id, operationId, takenAt, parts: made, definition, manifestCopyId: manifest.id });
  };
  return [await make(DOOMED, momentAfter(-20)), await make(KEPT, momentAfter(-10))];
}
