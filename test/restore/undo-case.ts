import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { workspacePolicy } from '../../src/records/workspace.ts';
import { makeUndoPlan } from '../../src/restore/undo-plan.ts';
import { undoRestore } from '../../src/restore/undo-restore.ts';
import { undoStory } from '../../src/restore/undo-steps.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { makeOperation, makeSettings, makeUndoRequest, momentAfter } from '../fakes/records.ts';
import { createWorld, displacedPath, stagedPath, type World } from '../fakes/world.ts';
import { NOTICE_MS } from '../operation/invariants.ts';
import type { StoryCase } from '../operation/play.ts';
import { REQUEST_ID, restoreParts } from './restore-case.ts';

const UNDONE = 'op_0000000009';
const DEFINITION = 'definition then';

/** An approved undo of a restore that displaced everything, the definition too. */
export const undoCase: StoryCase<typeof undoStory> = {
  declaration: undoStory,
  async make(folder) {
    const world = createWorld({ folder, parts: restoreParts, services: { web: true, db: true, idle: false } });
    keepThen(world);
    const platform = createFakePlatform(world, plainEffect);
    const [kept] = await platform.displaced();
    if (!kept) throw new Error('nothing is displaced');
    const undone = {
      workspace: 'team-ml',
      backupId: 'bkp_0000000001',
      displacedAt: momentAfter(5),
      downtimeMs: 2_000,
    };
    const plan = makeUndoPlan(kept, undone, await platform.inspect({ count: true }), new Date(world.time.now()));
    const request = makeUndoRequest({ id: REQUEST_ID, plan, status: 'approved', expiresAt: momentAfter(500) });
    await createFakeCatalog(world.catalog).requests.save(request);
    const policy = workspacePolicy.parse({ notice: NOTICE_MS, approvers: ['bob'] });
    const startedAt = new Date(world.time.now()).toISOString();
    const input = JSON.parse(JSON.stringify(plan));
    const settings = makeSettings({ policy });
    return { world, operation: makeOperation({ kind: 'undo', startedAt, journal: [], input, settings }) };
  },
  async tell(story, ports, operation) {
    const plan = operation.input as never; // as the orchestrator hands it in, after it was read
    return undoRestore(story, ports, { requestId: REQUEST_ID, plan });
  },
};

/** What an earlier restore left beside the live data. */
function keepThen(world: World): void {
  const units = world.parts.map(({ name }) => {
    const displaced = displacedPath(UNDONE, name);
    const files = ['first', 'last'].map((file): [string, string] => [file, `then ${file} ${name}`]);
    world.trees.set(displaced, new Map([...files, ['log', '0']]));
    const stage = stagedPath(UNDONE, name);
    return { part: name, within: undefined, stage, displaced, was: 'folder', comes: 'folder' } as const;
  });
  const path = join(world.folder, 'displaced', `${UNDONE}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, DEFINITION);
  world.displaced.push({
    operationId: UNDONE,
    isUndo: false,
    until: momentAfter(10_000),
    places: units.map(({ displaced }) => displaced),
    units,
    definition: { path, sha256: createHash('sha256').update(DEFINITION).digest('hex'), release: world.release },
  });
}
