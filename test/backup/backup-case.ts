import { backupStory } from '../../src/backup/backup-steps.ts';
import { backupWorkspace } from '../../src/backup/backup-workspace.ts';
import { workspacePolicy } from '../../src/records/workspace.ts';
import { makeOperation, makeSettings } from '../fakes/records.ts';
import { createWorld, type FakePart } from '../fakes/world.ts';
import { NOTICE_MS } from '../operation/invariants.ts';
import type { StoryCase } from '../operation/play.ts';

export const backupParts: readonly FakePart[] = [
  { name: 'models', kind: 'volume', location: 'internal', capture: 'snapshot', path: '/live/models' },
  { name: 'db', kind: 'volume', location: 'internal', capture: 'two-pass', path: '/live/db' },
  { name: 'projects', kind: 'shared-folder', location: 'internal', capture: 'two-pass', path: '/live/projects' },
  { name: 'datasets', kind: 'shared-folder', location: 'external', capture: 'cold', path: '/live/datasets' },
  { name: 'scratch', kind: 'shared-folder', location: 'external', capture: 'after-start', path: '/live/scratch' },
];

export const BACKUP_ID = 'bkp_0000000001';

/** A backup with a part of every capture, of a workspace where one service did not run. */
export const backupCase: StoryCase<typeof backupStory> = {
  declaration: backupStory,
  async make(folder) {
    const world = createWorld({ folder, parts: backupParts, services: { web: true, db: true, idle: false } });
    world.checks.set('rows', () => true);
    world.counting.push('rows');
    const policy = workspacePolicy.parse({ notice: NOTICE_MS, approvers: ['bob'] });
    const startedAt = new Date(world.time.now()).toISOString();
    const operation = makeOperation({ startedAt, journal: [], input: {}, settings: makeSettings({ policy }) });
    return { world, operation };
  },
  tell: (story, ports) => backupWorkspace(story, ports, { backupId: BACKUP_ID }),
};
