import { copiesOf } from '../../src/backup/delete-plan.ts';
import type { Backup } from '../../src/records/backup.ts';
import { ageOf, scratchPath, type World } from './world.ts';

/** At the moment a backup is called verified, all of it stands in its scratch places. */
export function watchVerified(world: World, { id, parts, verified }: Backup): void {
  if (!verified) return;
  for (const { name, files } of parts) {
    const tree = world.trees.get(scratchPath(verified.operationId, name));
    if (tree?.size === files && ageOf(tree) === 'then') continue;
    world.broken.add(`${id} was called verified while ${name} was ${tree ? ageOf(tree) : 'not there'}`);
  }
}

/** At no moment is a backup listed as completed while a copy of it is gone. */
export function watchCompleted(world: World): void {
  const left = new Set(world.repository.copies.map(({ id }) => id));
  for (const text of world.catalog.backups.values()) {
    const backup: Backup = JSON.parse(text);
    const { id, status } = backup;
    if (status !== 'completed') continue;
    const lost = copiesOf(backup).filter((copyId) => !left.has(copyId));
    if (lost.length > 0) world.broken.add(`${id} was listed as completed while ${lost.join(', ')} was gone`);
  }
}
