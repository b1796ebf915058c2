import { workspacePolicy } from '../../src/records/workspace.ts';
import { verifyBackup } from '../../src/restore/verify-backup.ts';
import type { verifyStory } from '../../src/restore/verify-steps.ts';
import { verifyStory as declaration } from '../../src/restore/verify-steps.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { makeOperation, makeSettings } from '../fakes/records.ts';
import { ageOf, createWorld } from '../fakes/world.ts';
import type { StoryCase } from '../operation/play.ts';
import { restoreParts, storeBackup } from './restore-case.ts';

/** A verification of a backup of everything, in a workspace that has a check of its own. */
export const verifyCase: StoryCase<typeof verifyStory> = {
  declaration,
  async make(folder) {
    const world = createWorld({ folder, parts: restoreParts.slice(1), services: { web: true, db: true, idle: false } });
    world.checks.set('ages', (trees) => trees.every((tree) => ageOf(tree) === 'then'));
    const backup = await storeBackup(world);
    await createFakeCatalog(world.catalog).backups.save(backup);
    const settings = makeSettings({ policy: workspacePolicy.parse({ approvers: ['bob'] }) });
    const startedAt = new Date(world.time.now()).toISOString();
    const input = { backupId: backup.id };
    return { world, operation: makeOperation({ kind: 'verify', startedAt, journal: [], input, settings }) };
  },
  tell: (story, ports, operation) => verifyBackup(story, ports, operation.input as never),
};
