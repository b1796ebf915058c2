import { countVote, isExpired, votesStillCount } from '../approval/rules.ts';
import { glassBroken } from '../chat/messages/broken-glass.ts';
import { describeRequest } from '../chat/messages/request.ts';
import { isAppError, UserError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { Request, Vote } from '../records/request.ts';
import type { WorkspacePolicy } from '../records/workspace.ts';
import { policyNow } from './approvers.ts';
import { findBackup, findRequest } from './find.ts';
import { planDelete } from './request-delete.ts';
import { planAgain } from './request-restore.ts';
import { planUndo } from './request-undo.ts';
import type { Room } from './room.ts';

export interface Decision {
  readonly request: string;
  readonly approves: boolean;
  readonly reason?: string | undefined;
  /** They were told what the backup lacks, and want it all the same. */
  readonly acceptsIncomplete?: boolean | undefined;
  /** Instead of the votes of others, in an emergency. */
  readonly breakGlass?: boolean | undefined;
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
    ...(decision.acceptsIncomplete ? { acceptsIncomplete: true } : {}),
    ...(decision.breakGlass ? { breakGlass: true as const } : {}),
  };
  const policy = await policyNow(room, settings);
  const facts = { now, policy, digest };
  if (decision.breakGlass) await tellOfBrokenGlass(room, countVote(asked, vote, facts), policy);
  const request = await world.catalog.requests.change(asked.id, (standing) => countVote(standing, vote, facts));
  if (!decision.breakGlass) await noteVote(room, request, vote, decision.approves ? 'approved' : 'denied');
  const running = await startWaiting(room, request.workspace);
  const standing = (await world.catalog.requests.get(request.id)) ?? request;
  await world.chat.showRequest(standing, describeRequest(standing));
  return { request: standing, running };
}

/**
 * Before it counts: everyone is told and it stands in the audit trail, whatever happens next. Never silently.
 * @throws UserError `not-allowed` when nobody could be told.
 */
async function tellOfBrokenGlass(room: Room, request: Request, policy: WorkspacePolicy): Promise<void> {
  try {
    await room.world.chat.page(glassBroken(request, policy.approvers));
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw new UserError('not-allowed', 'Nobody could be told that the glass is broken, so nothing was approved.', {
      cause,
      hint: cause.hint ?? 'Look why the chat is down, or ask an approver.',
    });
  }
  const vote = request.votes.at(-1);
  if (vote) await noteVote(room, request, vote, 'broke the glass');
}

async function noteVote(room: Room, request: Request, vote: Vote, did: string): Promise<void> {
  const { at, by, reason } = vote;
  const { workspace, id: subject } = request;
  await room.world.catalog.audit.append({
    at,
    by,
    did,
    workspace,
    subject,
    ...(reason === undefined ? {} : { reason }),
  });
}

/** The plan as it would be made now. A backup or workspace that cannot be planned any more refuses by its own sentence. */
async function presentDigest(room: Room, request: Request): Promise<string> {
  switch (request.kind) {
    case 'restore':
      return (await planAgain(room, request)).digest;
    case 'undo':
      return (await planUndo(room, request.plan.undoes, { count: false })).digest;
    case 'delete':
      return (await planDelete(room, await findBackup(room, request.backupId), request.id)).digest;
  }
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
    const policy = await policyNow(room, room.settingsOf(request.workspace));
    if (!votesStillCount(request, policy)) return 'It does not have all the approvals that it needs now.';
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

function approversOf({ votes }: Request): Pick<Operation, 'approvedBy'> {
  const names = votes.filter(({ approves, breakGlass }) => approves && !breakGlass).map(({ by }) => by.name);
  return names.length === 0 ? {} : { approvedBy: names };
}

function brokenGlassOf({ votes }: Request): Pick<Operation, 'brokeGlass'> {
  const vote = votes.find(({ breakGlass }) => breakGlass);
  return vote ? { brokeGlass: { by: vote.by.name, reason: vote.reason ?? '' } } : {};
}

async function launchApproved(room: Room, request: Request): Promise<RunningOperation> {
  const { world } = room;
  const operation: Operation = {
    schema: 1,
    id: world.newId('op'),
    kind: kindOf(request),
    workspace: request.workspace,
    by: request.by,
    trigger: 'person',
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    ...approversOf(request),
    ...brokenGlassOf(request),
    input: JSON.parse(JSON.stringify(inputOf(room, request))),
    settings: room.settingsOf(request.workspace),
    startedAt: world.clock.now().toISOString(),
    status: 'running',
    journal: [],
  };
  return room.launch(operation);
}

const KINDS = { swap: 'restore', 'in-place': 'restore-in-place', vendor: 'restore-by-vendor' } as const;

function kindOf(request: Request): Operation['kind'] {
  return request.kind === 'restore' ? KINDS[request.plan.way] : request.kind;
}

/** A backup of another workspace lies in that one's repository; the operation keeps its own copy of where that is. */
function inputOf(room: Room, request: Request) {
  const { id: requestId, plan } = request;
  const from = request.kind === 'restore' ? request.plan.fromWorkspace : undefined;
  const noticeMs = request.kind === 'delete' ? undefined : request.noticeMs;
  return { requestId, plan, noticeMs, source: from === undefined ? undefined : room.settingsOf(from) };
}
