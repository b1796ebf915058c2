import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import { findBackup } from './find.ts';
import type { Room } from './room.ts';

/** Keeps a backup for ever, or no longer. In the catalog only: the repository is not touched. */
export async function setPin(
  room: Room,
  person: Person,
  wanted: string,
  pin: { readonly pinned: boolean; readonly reason?: string | undefined },
): Promise<Backup> {
  const { catalog, clock } = room.world;
  const { id, workspace } = await findBackup(room, wanted);
  room.requireOperator(person, room.settingsOf(workspace));
  const at = clock.now().toISOString();
  const reason = pin.reason === undefined ? {} : { reason: pin.reason };
  const changed = await catalog.backups.change(id, (now) => {
    if (now.status === 'deleting' || now.status === 'deleted') {
      throw new UserError('too-late', `${id} is ${now.status}.`, { hint: 'See what is left: cml list' });
    }
    const { pinned, ...rest } = now;
    if (pin.pinned) return { ...rest, pinned: { by: person.name, at, ...reason } };
    return pinned ? rest : undefined;
  });
  const did = pin.pinned ? 'pinned' : 'unpinned';
  await catalog.audit.append({ at, by: person, did, workspace, subject: id, ...reason });
  return changed;
}
