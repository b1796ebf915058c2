import { createHash } from 'node:crypto';
import type { Backup } from '../../src/records/backup.ts';
import { workspacePolicy } from '../../src/records/workspace.ts';
import { makeRestorePlan } from '../../src/restore/restore-plan.ts';
import { restoreStory } from '../../src/restore/restore-steps.ts';
import { restoreWorkspace } from '../../src/restore/restore-workspace.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakeMover, type FakeFiles } from '../fakes/mover.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { makeBackup, makeOperation, makePart, makeRequest, makeSettings, momentAfter } from '../fakes/records.ts';
import { createWorld, type FakePart, type World } from '../fakes/world.ts';
import { NOTICE_MS } from '../operation/invariants.ts';
import type { StoryCase } from '../operation/play.ts';

export const restoreParts: readonly FakePart[] = [
  { name: 'models', kind: 'volume', location: 'internal', capture: 'snapshot', path: '/live/models' },
  { name: 'db', kind: 'volume', location: 'internal', capture: 'two-pass', path: '/live/db' },
  { name: 'projects', kind: 'shared-folder', location: 'internal', capture: 'two-pass', path: '/live/projects' },
];

export const REQUEST_ID = 'req_0000000001';
const DEFINITION = 'definition then';
const MANIFEST = '/made/before';

/** An approved restore of a backup of everything: two volumes, a shared folder, the definition. */
export const restoreCase: StoryCase<typeof restoreStory> = {
  declaration: restoreStory,
  async make(folder) {
    const world = createWorld({ folder, parts: restoreParts, services: { web: true, db: true, idle: false } });
    const backup = await storeBackup(world);
    const inspection = await createFakePlatform(world, plainEffect).inspect({ count: true });
    const plan = makeRestorePlan(backup, inspection, new Date(world.time.now()));
    const catalog = createFakeCatalog(world.catalog);
    await catalog.backups.save(backup);
    await catalog.requests.save(makeRequest({ id: REQUEST_ID, plan, status: 'approved', expiresAt: momentAfter(500) }));
    const policy = workspacePolicy.parse({ notice: NOTICE_MS, approvers: ['bob'] });
    const startedAt = new Date(world.time.now()).toISOString();
    const settings = makeSettings({ policy });
    const input = JSON.parse(JSON.stringify(plan));
    return { world, operation: makeOperation({ kind: 'restore', startedAt, journal: [], input, settings }) };
  },
  async tell(story, ports, operation) {
    const plan = operation.input as never; // as the orchestrator hands it in, after it was read
    return restoreWorkspace(story, ports, { requestId: REQUEST_ID, plan });
  },
};

export async function storeBackup(world: World): Promise<Backup> {
  const files: FakeFiles = new Map([[`${MANIFEST}/definition.json`, DEFINITION]]);
  for (const { name, path } of world.parts) {
    for (const file of ['first', 'last']) files.set(`${path}/${file}`, `then ${file} ${name}`);
    files.set(`${path}/log`, '0');
  }
  const mover = createFakeMover(world.repository, files);
  const options = { folder: world.folder, key: 'before' };
  const copyParts = world.parts.map(({ path }) => path);
  const data = await mover.copy({ paths: copyParts, exclude: [], tags: [] }, options);
  const manifest = await mover.copy({ paths: [MANIFEST], exclude: [], tags: ['manifest'] }, options);
  const counts = await mover.count(data.id, copyParts, options);
  const sha256 = createHash('sha256').update(DEFINITION).digest('hex');
  return makeBackup({
    id: 'bkp_0000000001',
    operationId: 'op_0000000001',
    parts: world.parts.map((part, index) => {
      const { name, kind, location, capture, path } = part;
      const { files: count = 0, directories = 0, bytes = 0 } = counts[index] ?? {};
      const where = { copyId: data.id, pathInCopy: path };
      return makePart({ name, kind, location, capture, ...where, files: count, directories, bytes });
    }),
    definition: { copyId: manifest.id, pathInCopy: MANIFEST, sha256, release: world.release },
    definitionSha256: sha256,
    manifestCopyId: manifest.id,
  });
}
