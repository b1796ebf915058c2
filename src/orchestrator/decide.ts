import { countVote, isExpired, votesStillCount } from '../approval/rules.ts';
import { describeRequest } from '../chat/messages/request.ts';
import { isAppError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { Request } from '../records/request.ts';
import { findBackup, findRequest } from './find.ts';
import { planDelete } from './request-delete.ts';
import { planRestore } from './request-restore.ts';
import type { Room } from './room.ts';

export interface Decision {
  readonly request: string;
  readonly approves: boolean;
  readonly reason?: string | undefined;
}

/** Counts one person's decision; the last one needed starts the restore, or lets it wait for its turn. */
export async function decide(
  room: Room,
  person: Person,
  decision: Decision,
): Promise<{ request: Request; running: RunningOperation | undefined }> {
  const { world } = room;
  const asked = await findRequest(room, decision.request);
  const settings = room.settingsOf(asked.workspace);
  const digest = decision.approves && asked.status === 'pending' ? await presentDigest(room, asked) : undefined;
  const now = world.clock.now();
  const vote = {
    by: person,
    at: now.toISOString(),
    approves: decision.approves,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
  };
  const request = await world.catalog.requests.change(asked.id, (standing) =>
    countVote(standing, vote, { now, policy: settings.policy, digest }),
  );
  await world.catalog.audit.append({
    at: vote.at,
    by: person,
    did: decision.approves ? 'approved' : 'denied',
    workspace: request.workspace,
    subject: request.id,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
  });
  const running = await startWaiting(room, request.workspace);
  const standing = (await world.catalog.requests.get(request.id)) ?? request;
  await world.chat.showRequest(standing, describeRequest(standing));
  return { request: standing, running };
}

/** The plan as it would be made now. A backup or workspace that cannot be planned any more refuses by its own sentence. */
async function presentDigest(room: Room, request: Request): Promise<string> {
  const backup = await findBackup(room, request.backupId);
  if (request.kind === 'delete') return (await planDelete(room, backup, request.id)).digest;
  return (await planRestore(room, backup, { count: false })).digest;
}

/** Starts the oldest approved restore of a workspace, when nothing runs there; looks at everything again first. */
export async function startWaiting(room: Room, workspace: string): Promise<RunningOperation | undefined> {
  const { world } = room;
  const approved = await world.catalog.requests.list({ workspace, status: 'approved' });
  if (approved.length > 0) await world.refreshWorkspaces();
  for (const request of approved.toReversed()) {
    if (room.runningIn(workspace)) return undefined;
    const obstacle = await findObstacle(room, request);
    if (obstacle === undefined) return launchUnlessBusy(room, request);
    const lapsed = await world.catalog.requests.change(request.id, (standing) =>
      standing.status === 'approved' ? { ...standing, status: 'expired' } : undefined,
    );
    const message = describeRequest(lapsed);
    await world.chat.showRequest(lapsed, { ...message, text: `${message.text} ${obstacle}` });
  }
  return undefined;
}

/** Why an approved restore may not start now, in one sentence. */
async function findObstacle(room: Room, request: Request): Promise<string | undefined> {
  if (isExpired(request, room.world.clock.now())) return 'Its approval was too old when its turn came.';
  try {
    const { policy } = room.settingsOf(request.workspace);
    if (!votesStillCount(request, policy)) return 'Who approved it may not approve any more.';
    if ((await presentDigest(room, request)) !== request.plan.digest) return 'What would be done has changed.';
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error.message;
    throw error;
  }
}

/** Somebody else may have taken the workspace while we looked: then this waits for the next end. */
async function launchUnlessBusy(room: Room, request: Request): Promise<RunningOperation | undefined> {
  try {
    return await launchApproved(room, request);
  } catch (error) {
    if (isAppError(error) && error.code === 'workspace-busy') return undefined;
    throw error;
  }
}

async function launchApproved(room: Room, request: Request): Promise<RunningOperation> {
  const { world } = room;
  const operation: Operation = {
    schema: 1,
    id: world.newId('op'),
    kind: request.kind,
    workspace: request.workspace,
    by: request.by,
    trigger: 'person',
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    input: JSON.parse(JSON.stringify({ requestId: request.id, plan: request.plan })),
    settings: room.settingsOf(request.workspace),
    startedAt: world.clock.now().toISOString(),
    status: 'running',
    journal: [],
  };
  return room.launch(operation);
}
