import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Backup } from '../records/backup.ts';
import type { Operation } from '../records/operation.ts';
import type { Request } from '../records/request.ts';
import type { Room } from './room.ts';

/**
 * Finds a backup by its id, the start or end of its id, its name, or a workspace's name (its newest completed backup).
 * @throws UserError `unknown-backup` with the nearest match.
 */
export async function findBackup(room: Room, wanted: string): Promise<Backup> {
  const exact = await room.world.catalog.backups.get(wanted);
  if (exact) return exact;
  const all = (await room.world.catalog.backups.list()).filter(({ status }) => status !== 'deleted');
  if (room.world.workspaces[wanted]) {
    const newest = all.find(({ workspace, status }) => workspace === wanted && status === 'completed');
    if (newest) return newest;
    throw new UserError('unknown-backup', `${wanted} has no completed backup.`, { hint: `cml backup ${wanted}` });
  }
  const found = all.filter(({ id, name }) => name === wanted || matchesId(id, wanted));
  const [only, second] = found;
  if (only && !second) return only;
  if (second) {
    throw new UserError('unknown-backup', `"${wanted}" could be ${found.map(({ id }) => id).join(' or ')}.`, {
      hint: 'Write the whole id.',
    });
  }
  const known = all.flatMap(({ id, name }) => (name ? [id, name] : [id]));
  throw new UserError('unknown-backup', `There is no backup "${wanted}".`, {
    hint: suggest(wanted, known, 'See what there is with: cml list'),
  });
}

function matchesId(id: string, wanted: string): boolean {
  const bare = wanted.replace(/^(bkp|op|req)_/, '');
  return bare.length >= 3 && (id.endsWith(bare) || id.slice(id.indexOf('_') + 1).startsWith(bare));
}

export async function findRequest(room: Room, wanted: string): Promise<Request> {
  const exact = await room.world.catalog.requests.get(wanted);
  if (exact) return exact;
  const all = await room.world.catalog.requests.list();
  const [only, second] = all.filter(({ id }) => matchesId(id, wanted));
  if (only && !second) return only;
  throw new UserError('unknown-request', `There is no request "${wanted}".`, {
    hint: suggest(
      wanted,
      all.map(({ id }) => id),
      'See what waits with: cml status',
    ),
  });
}

/** An operation by its id or its workspace's name (the one that runs there, else the newest). */
export async function findOperation(room: Room, wanted: string): Promise<Operation> {
  const live = room.running().find((running) => {
    const { id, workspace } = running.operation();
    return id === wanted || workspace === wanted || matchesId(id, wanted);
  });
  if (live) return live.operation();
  const exact = await room.world.catalog.operations.get(wanted);
  if (exact) return exact;
  const all = await room.world.catalog.operations.list({ limit: 1_000 });
  const found = all.find(({ id, workspace }) => workspace === wanted || matchesId(id, wanted));
  if (found) return found;
  const workspaces = Object.keys(room.world.workspaces);
  if (workspaces.includes(wanted)) {
    throw new UserError('nothing-to-do', `Nothing has run in ${wanted} yet.`, {
      hint: 'See what runs with: cml status',
    });
  }
  throw new UserError('unknown-operation', `There is no operation "${wanted}", and no workspace of that name.`, {
    hint: suggest(wanted, [...workspaces, ...all.map(({ id }) => id)], 'See what runs with: cml status'),
  });
}
