import { workspaceLeaves, workspaceStands } from '../chat/messages/vendor-told.ts';
import type { Backup } from '../records/backup.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import type { ListedVendorBackup, VendorBackups } from '../workspace/vendor-backups.ts';
import type { Room } from './room.ts';
import { idsFor, recordOfVendor } from './vendor-record.ts';

const PAGE = 200;

interface Looked {
  readonly room: Room;
  readonly workspace: string;
  readonly vendor: VendorBackups;
  readonly signal: AbortSignal;
}

/**
 * Makes our catalog say what the control plane's own says: backups made in its own page are added, and those of them that
 * were deleted there are called deleted. Warns when the workspace is being removed, with which all of them go. Does nothing
 * on a platform without a control plane; may be called as often as one likes. Answers those that were added.
 */
export async function adoptVendorBackups(room: Room, workspace: string, signal: AbortSignal): Promise<Backup[]> {
  const { platform } = room.world.portsFor(room.settingsOf(workspace));
  if (!platform.vendor) return [];
  const looked = { room, workspace, vendor: platform.vendor, signal };
  if (!(await tellWhenLeaving(looked))) return [];
  const listed = await platform.vendor.list({ signal });
  const added = await addMissing(looked, listed, platform);
  await markDeleted(looked, listed);
  return added;
}

async function addMissing(
  looked: Looked,
  listed: readonly ListedVendorBackup[],
  platform: WorkspacePlatform,
): Promise<Backup[]> {
  const { room, workspace, vendor, signal } = looked;
  const { catalog, clock, log } = room.world;
  const added: Backup[] = [];
  let external: string[] | undefined;
  for (const one of listed) {
    // What an operation of ours asked for is recorded by that operation, or by a rebuild from the repository.
    if (one.operationId !== undefined || one.state !== 'finished') continue;
    const id = await freeIdFor(looked, one);
    if (id === undefined) continue;
    external ??= (await platform.inspect({ signal })).parts.flatMap(({ name }) => (name === vendor.part ? [] : [name]));
    const now = clock.now();
    const backup = recordOfVendor(one, { id, workspace, part: vendor.part, external, now });
    await catalog.backups.save(backup);
    const at = now.toISOString();
    await catalog.audit.append({
      at,
      by: backup.by,
      did: 'made a backup in the control plane',
      workspace,
      subject: id,
    });
    log.info({ workspace, backup: id, crn: one.crn }, 'a backup made in the control plane’s own page was added');
    added.push(backup);
  }
  return added;
}

/** Undefined when it stands in the catalog already, also as one that was deleted. */
async function freeIdFor({ room }: Looked, { crn, createdAt }: ListedVendorBackup): Promise<string | undefined> {
  for (const id of idsFor(crn, createdAt)) {
    const standing = await room.world.catalog.backups.get(id);
    if (!standing) return id;
    if (standing.parts.some(({ kept }) => kept?.crn === crn)) return undefined;
  }
  return undefined; // more backups in one second than anybody makes
}

/** Only what was made there: of ours there is more to lose than an entry, so `cml catalog check` tells of them. */
async function markDeleted({ room, workspace }: Looked, listed: readonly ListedVendorBackup[]): Promise<void> {
  const { catalog, log } = room.world;
  const present = new Set(listed.map(({ crn }) => crn));
  const query = { workspace, trigger: 'vendor', status: 'completed', limit: PAGE } as const;
  for (let after: string | undefined; ; ) {
    const { backups, next } = await catalog.backups.page({ ...query, after });
    for (const { id, parts } of backups) {
      if (parts.some(({ kept }) => kept && present.has(kept.crn))) continue;
      await catalog.backups.change(id, (now) =>
        now.status === 'completed' ? { ...now, status: 'deleted' } : undefined,
      );
      log.info({ workspace, backup: id }, 'a backup was deleted in the control plane’s own page');
    }
    if (next === undefined) return;
    after = next;
  }
}

/** Said first and marked then: after a crash in between it is said again, under the same key. Answers whether it stands. */
async function tellWhenLeaving({ room, workspace, vendor, signal }: Looked): Promise<boolean> {
  const { catalog, chat, clock } = room.world;
  const standing = await vendor.standing({ signal });
  const { leaving } = await catalog.marks.get(workspace);
  if (standing === 'stands') {
    if (!leaving) return true;
    await chat.post(workspaceStands(workspace, leaving.since));
    await catalog.marks.change(workspace, ({ leaving: _over, ...marks }) => marks);
    return true;
  }
  if (leaving?.standing === standing) return false;
  const backups = await countKept(room, workspace);
  if (backups === 0) return false; // nothing is lost with it, or it was never there
  const since = leaving?.since ?? clock.now().toISOString();
  await chat.post(workspaceLeaves({ workspace, since, standing, backups }));
  await catalog.marks.change(workspace, (marks) => ({ ...marks, leaving: { since, standing } }));
  return false;
}

async function countKept({ world }: Room, workspace: string): Promise<number> {
  let count = 0;
  for (let after: string | undefined; ; ) {
    const { backups, next } = await world.catalog.backups.page({ workspace, status: 'completed', limit: PAGE, after });
    count += backups.filter(({ parts }) => parts.some(({ kept }) => kept)).length;
    if (next === undefined) return count;
    after = next;
  }
}
