import { describeRequest } from '../chat/messages/request.ts';
import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import type { RestorePlan } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import { makeRestorePlan } from '../restore/restore-plan.ts';
import { findBackup } from './find.ts';
import type { Room } from './room.ts';

export interface RestoreWish {
  readonly backup: string;
  readonly reason?: string | undefined;
  /** The workspace's name, repeated by the person. */
  readonly confirm?: string | undefined;
}

/** What a restore would do to the workspace as it stands now. Counting takes long; the digest needs none of it. */
export async function planRestore(room: Room, backup: Backup, { count = true } = {}): Promise<RestorePlan> {
  refuseUnrestorable(backup);
  const settings = room.settingsOf(backup.workspace);
  const { platform } = room.world.portsFor(settings);
  const inspection = await platform.inspect(count ? { count, since: backup.takenAt } : {});
  return makeRestorePlan(backup, inspection, room.world.clock.now());
}

/** Asks for a restore: nothing happens until another person approves. */
export async function requestRestore(room: Room, person: Person, wish: RestoreWish): Promise<Request> {
  const { world } = room;
  const backup = await findBackup(room, wish.backup);
  const settings = room.settingsOf(backup.workspace);
  room.requireOperator(person, settings);
  if (wish.confirm !== backup.workspace) {
    throw new UserError('not-confirmed', `A restore overwrites ${backup.workspace}; its name was not repeated.`, {
      hint: `Type the name when asked, or add: --confirm ${backup.workspace}`,
    });
  }
  const approvers = settings.policy.approvers.filter((name) => name !== person.name);
  if (approvers.length < settings.policy.votes) {
    throw new UserError('not-allowed', `Nobody else could approve a restore of ${backup.workspace}.`, {
      hint: `Name approvers other than ${person.name} under policy.approvers in the configuration.`,
    });
  }
  const plan = await planRestore(room, backup);
  const now = world.clock.now();
  const request: Request = {
    schema: 1,
    id: world.newId('req'),
    kind: 'restore',
    workspace: backup.workspace,
    backupId: backup.id,
    by: person,
    ...(wish.reason === undefined ? {} : { reason: wish.reason }),
    askedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + settings.policy.requestExpiry).toISOString(),
    votesNeeded: settings.policy.votes,
    votes: [],
    plan,
    status: 'pending',
  };
  await world.catalog.requests.save(request);
  await world.catalog.audit.append({
    at: request.askedAt,
    by: person,
    did: 'restore asked',
    workspace: request.workspace,
    subject: request.id,
    ...(wish.reason === undefined ? {} : { reason: wish.reason }),
  });
  await world.chat.showRequest(request, describeRequest(request));
  return request;
}

function refuseUnrestorable(backup: Backup): void {
  if (backup.status === 'completed') return;
  throw new UserError('backup-incomplete', `${backup.id} is ${backup.status}, so it cannot be restored.`, {
    hint: `See the others: cml list ${backup.workspace}`,
  });
}
