import type { Backup } from '../../src/records/backup.ts';
import type { Life } from '../fakes/mortal.ts';
import type { World } from '../fakes/world.ts';
import { meanwhile, type Trial } from './scripts.ts';

type Effects = Life['done'];

/** Someone pins the backup right before each effect, as far as the door lets them. */
export function pins(effects: Effects, backupId: string): Trial[] {
  return meanwhile(effects, 'it is pinned', ({ world }) => pin(world, backupId));
}

function pin(world: World, backupId: string): void {
  const { backups } = world.catalog;
  const standing: Backup = JSON.parse(backups.get(backupId) ?? '{}');
  if (standing.status !== 'completed') return; // refused: it is being deleted
  const pinned = { by: 'carol', at: new Date(world.time.now()).toISOString() };
  backups.set(backupId, JSON.stringify({ ...standing, pinned }));
}

/** Until it was last looked at, a copy vanishes, loses a file or a byte, or what came back of it does. */
export function damages(effects: Effects): Trial[] {
  const harm: Readonly<Record<string, (world: World) => void>> = {
    'a copy is gone': ({ repository }) => void repository.copies.shift(),
    'a copy lost a file': ({ repository }) => void repository.copies[0]?.entries.shift(),
    'a copy lost a byte': ({ repository }) => {
      const [entry] = repository.copies[0]?.entries ?? [];
      if (entry) entry[1] = entry[1].slice(1);
    },
    'the definition is another': ({ repository }) => {
      const [entry] = repository.copies[1]?.entries ?? [];
      if (entry) entry[1] = 'definition now';
    },
    'what came back lost a file': ({ trees }) => {
      for (const [path, tree] of trees) if (path.startsWith('/scratch/')) tree.delete('last');
    },
    'what came back has a wrong byte': ({ trees }) => {
      for (const [path, tree] of trees) if (path.startsWith('/scratch/') && tree.has('log')) tree.set('log', '1');
    },
  };
  const lastLook = effects.findLastIndex(({ name }) => name.startsWith('platform.runCheck'));
  return Object.entries(harm)
    .flatMap(([what, happen]) => meanwhile(effects.slice(0, lastLook + 1), what, ({ world }) => happen(world)))
    .map(({ name, lives }) => ({ name, lives, allowed: { damaged: true } }));
}
