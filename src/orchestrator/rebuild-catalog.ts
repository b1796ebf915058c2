import { rm } from 'node:fs/promises';
import { isManifest, madeNoBackup, makerOf } from '../backup/judge-copies.ts';
import { readManifest, recordFromManifest } from '../backup/read-manifest.ts';
import type { Copy, DataMover } from '../mover/mover.ts';
import type { Backup } from '../records/backup.ts';
import { backupId } from '../records/ids.ts';
import type { Person } from '../records/person.ts';
import { adoptVendorBackups } from './adopt-vendor-backups.ts';
import type { Finding } from './check-workspace.ts';
import type { Room } from './room.ts';

export interface Rebuilt {
  readonly workspace: string;
  readonly added: readonly Backup[];
  readonly findings: readonly Finding[];
}

/**
 * Adds the backups that the catalog does not know, from their manifests in the repository alone. What the catalog knows
 * stays as it is. Each backup is added by itself, so that what dies half-way is finished by saying it again; retention is
 * off from before the first one until a person confirms.
 */
export async function rebuildCatalog(room: Room, person: Person, workspace: string): Promise<Rebuilt> {
  const { catalog, clock, newId, portsFor } = room.world;
  const settings = room.settingsOf(workspace);
  room.requireOperator(person, settings);
  const { mover } = portsFor(settings);
  const rebuilt = await room.claim(workspace, 'cml catalog rebuild', async () => {
    const folder = await room.folderOf(newId('op'));
    try {
      return await addMissing(room, workspace, { mover, folder });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  const at = clock.now().toISOString();
  const reason = `${rebuilt.added.length} added`;
  await catalog.audit.append({ at, by: person, did: 'rebuilt the catalog', workspace, reason });
  return rebuilt;
}

interface World {
  readonly mover: DataMover;
  readonly folder: string;
}

async function addMissing(room: Room, workspace: string, world: World): Promise<Rebuilt> {
  const { catalog } = room.world;
  const copies = await world.mover.list([], { folder: world.folder, key: 'list-all' });
  const added: Backup[] = [];
  const findings: Finding[] = [];
  let known = 0;
  for (const [id, stored] of newestManifests(copies)) {
    const standing = await catalog.backups.get(id);
    if (standing) {
      known += 1;
      findings.push(...differences(standing, stored));
      continue;
    }
    const made = await makeRecord(room, workspace, { id, stored, copies }, world);
    if ('about' in made) {
      findings.push(made);
      continue;
    }
    await holdRetentionOff(room, workspace);
    await catalog.backups.save(made);
    added.push(made);
    findings.push(describe(made));
  }
  for (const backup of await adoptVendorBackups(room, workspace, new AbortController().signal)) {
    added.push(backup);
    findings.push(describe(backup));
  }
  const says = `${known} of the manifests in the repository are of backups that the catalog knew; these stay as they are`;
  return { workspace, added, findings: [{ about: 'known', state: 'good', says }, ...findings] };
}

/** A crash may have left more than one manifest of a backup: the newest counts. Oldest backup first. */
function newestManifests(copies: readonly Copy[]): Map<string, Copy> {
  const found = copies.filter(isManifest).flatMap((copy): [string, Copy][] => {
    const id = copy.tags.find((tag) => backupId.safeParse(tag).success);
    return id === undefined ? [] : [[id, copy]];
  });
  return new Map(found);
}

/** A copy is named after its content: a record that names the same manifest copy names the same manifest. */
function differences({ id, status, manifestCopyId }: Backup, stored: Copy): Finding[] {
  if (status === 'deleted') {
    return [{ about: id, state: 'warning', says: 'was deleted, but its manifest still stands in the repository' }];
  }
  if (status === 'deleting' || manifestCopyId === stored.id) return [];
  const says = `the catalog names the manifest ${manifestCopyId}, the repository has ${stored.id}; the catalog's stays`;
  return [{ about: id, state: 'warning', says }];
}

async function makeRecord(
  { world: { catalog } }: Room,
  workspace: string,
  { id, stored, copies }: { readonly id: string; readonly stored: Copy; readonly copies: readonly Copy[] },
  world: World,
): Promise<Backup | Finding> {
  const maker = makerOf(stored);
  const operation = maker === undefined ? undefined : await catalog.operations.get(maker);
  if (operation && madeNoBackup(operation)) {
    const says = `is what ${operation.id} left when it ${operation.status}: no backup was ever made of it`;
    return { about: id, state: 'warning', says };
  }
  const found = await readManifest(stored, { workspace, backupId: id }, world);
  if (typeof found === 'string') return { about: id, state: 'bad', says: `was not added: ${found}` };
  return recordFromManifest(found, stored, copies);
}

async function holdRetentionOff({ world: { catalog, clock } }: Room, workspace: string): Promise<void> {
  const because = 'backups were added from the repository, and whether they were pinned is not known';
  await catalog.marks.change(workspace, (now) =>
    now.retentionOff ? undefined : { ...now, retentionOff: { since: clock.now().toISOString(), because } },
  );
}

function describe({ id, status, takenAt, warnings }: Backup): Finding {
  const what = `was added: taken at ${takenAt}, ${status}`;
  if (status === 'completed') return { about: id, state: 'good', says: what };
  return { about: id, state: 'bad', says: [`${what}.`, ...warnings].join(' ') };
}

/** Lets retention go on after a person has looked at the catalog. */
export async function confirmCatalog(room: Room, person: Person, workspace: string): Promise<boolean> {
  const { catalog, clock } = room.world;
  room.requireOperator(person, room.settingsOf(workspace));
  let wasOff = false;
  await catalog.marks.change(workspace, ({ retentionOff, ...rest }) => {
    wasOff = retentionOff !== undefined;
    return wasOff ? rest : undefined;
  });
  if (wasOff) {
    const at = clock.now().toISOString();
    await catalog.audit.append({ at, by: person, did: 'confirmed the catalog', workspace });
  }
  return wasOff;
}
