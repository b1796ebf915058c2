import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Backup } from '../records/backup.ts';
import type { Operation } from '../records/operation.ts';
import type { Request } from '../records/request.ts';
import type { Room } from './room.ts';

/** Among hundreds of thousands the nearest match is looked for among the newest only. */
const MOST_SUGGESTED = 1_000;

/**
 * Finds a backup by its id, the start or end of its id, its name, or a workspace's name (its newest completed backup).
 * @throws UserError `unknown-backup` with the nearest match.
 */
export async function findBackup(room: Room, wanted: string): Promise<Backup> {
  const { backups } = room.world.catalog;
  const exact = await backups.get(wanted);
  if (exact) return exact;
  if (Object.hasOwn(room.world.workspaces, wanted)) {
    const some = await backups.list({ workspace: wanted, status: 'completed', limit: 20 });
    const newest = some.find(({ safetyFor, trigger }) => safetyFor === undefined && trigger !== 'vendor') ?? some[0];
    if (newest) return newest;
    throw new UserError('unknown-backup', `${wanted} has no completed backup.`, { hint: `cml backup ${wanted}` });
  }
  const all = (await backups.known()).filter(({ status }) => status !== 'deleted');
  const found = all.filter(({ id, name }) => name === wanted || matchesId(id, wanted));
  const [only, second] = found;
  if (second) {
    const some = found.slice(0, 5).map(({ id }) => id);
    throw new UserError('unknown-backup', `"${wanted}" could be ${some.join(' or ')}.`, {
      hint: 'Write the whole id.',
    });
  }
  const known = all.slice(0, MOST_SUGGESTED).flatMap(({ id, name }) => (name ? [id, name] : [id]));
  const backup = only && (await backups.get(only.id));
  if (backup) return backup;
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
  const all = await room.world.catalog.requests.known();
  const [only, second] = all.filter(({ id }) => matchesId(id, wanted));
  const request = only && !second ? await room.world.catalog.requests.get(only.id) : undefined;
  if (request) return request;
  throw new UserError('unknown-request', `There is no request "${wanted}".`, {
    hint: suggest(
      wanted,
      all.slice(0, MOST_SUGGESTED).map(({ id }) => id),
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
  const all = await room.world.catalog.operations.known();
  const found = all.find(({ id, workspace }) => workspace === wanted || matchesId(id, wanted));
  const operation = found && (await room.world.catalog.operations.get(found.id));
  if (operation) return operation;
  const workspaces = Object.keys(room.world.workspaces);
  if (workspaces.includes(wanted)) {
    throw new UserError('nothing-to-do', `Nothing has run in ${wanted} yet.`, {
      hint: 'See what runs with: cml status',
    });
  }
  throw new UserError('unknown-operation', `There is no operation "${wanted}", and no workspace of that name.`, {
    hint: suggest(
      wanted,
      [...workspaces, ...all.slice(0, MOST_SUGGESTED).map(({ id }) => id)],
      'See what runs with: cml status',
    ),
  });
}
