import { applyRetention } from '../../src/backup/apply-retention.ts';
import { checkRepository } from '../../src/backup/check-repository.ts';
import { pruneRepository } from '../../src/backup/prune-repository.ts';
import { checkStory, pruneStory } from '../../src/backup/repository-steps.ts';
import { retentionStory } from '../../src/backup/retention-steps.ts';
import type { OperationKind } from '../../src/records/operation.ts';
import { retentionRules } from '../../src/records/retention.ts';
import { workspacePolicy } from '../../src/records/workspace.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { makeOperation, makeSettings } from '../fakes/records.ts';
import { createWorld } from '../fakes/world.ts';
import type { StoryCase } from '../operation/play.ts';
import { parts, storeBackups } from './delete-case.ts';

/** A workspace with two backups, of which the rules keep the newer one. */
async function makeKept(folder: string, kind: OperationKind) {
  const world = createWorld({ folder, parts, services: { web: true, db: true, idle: false } });
  const catalog = createFakeCatalog(world.catalog);
  for (const backup of await storeBackups(world)) await catalog.backups.save(backup);
  const policy = workspacePolicy.parse({ approvers: ['bob'] });
  const settings = makeSettings({ policy, retention: retentionRules.parse({ last: 1 }) });
  const startedAt = new Date(world.time.now()).toISOString();
  const by = { name: 'schedule', proof: 'schedule' } as const;
  const trigger = 'schedule' as const;
  return { world, operation: makeOperation({ kind, startedAt, journal: [], by, trigger, input: {}, settings }) };
}

export const retentionCase: StoryCase<typeof retentionStory> = {
  declaration: retentionStory,
  make: (folder) => makeKept(folder, 'retention'),
  tell: (story, ports) => applyRetention(story, ports),
};

/** What was dropped before is still in the repository. */
export const pruneCase: StoryCase<typeof pruneStory> = {
  declaration: pruneStory,
  async make(folder) {
    const made = await makeKept(folder, 'prune');
    made.world.repository.unusedBytes = 1_000;
    return made;
  },
  tell: (story, ports) => pruneRepository(story, ports),
};

const DAY = 86_400_000;
/** A check after three days without any: four slices are due. */
export const checkCase: StoryCase<typeof checkStory> = {
  declaration: checkStory,
  async make(folder) {
    const made = await makeKept(folder, 'check');
    const at = new Date(made.world.time.now() - 3 * DAY).toISOString();
    const { marks } = createFakeCatalog(made.world.catalog);
    const reread = { of: 10, done: 0, beganAt: at, lastAt: at, damaged: [] };
    await marks.change(made.operation.workspace, (now) => ({ ...now, reread }));
    return made;
  },
  tell: (story, ports) => checkRepository(story, ports, { withinMs: 10 * DAY, everyMs: DAY }),
};
