import { describeRequest } from '../chat/messages/request.ts';
import { writeKind } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import type { Person } from '../records/person.ts';
import type { DeletePlan, RestorePlan, UndoPlan } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import { policyNow } from './approvers.ts';
import type { Room } from './room.ts';

export type Asked =
  | { readonly kind: 'restore'; readonly plan: RestorePlan; readonly noticeMs?: number }
  | { readonly kind: 'undo'; readonly plan: UndoPlan; readonly noticeMs?: number }
  | { readonly kind: 'delete'; readonly plan: DeletePlan };

/**
 * Writes down a request and shows it to those who may decide.
 * @throws UserError `not-allowed` when nobody else could ever approve it.
 */
export async function ask(
  room: Room,
  person: Person,
  settings: WorkspaceSettings,
  asked: Asked,
  reason: string | undefined,
): Promise<Request> {
  const { world } = room;
  const policy = await policyNow(room, settings);
  const { workspace, backupId } = asked.plan;
  const approvers = policy.approvers.filter((name) => name !== person.name);
  const mayBeAlone = asked.kind !== 'delete' && policy.breakGlass.length > 0;
  if (approvers.length < policy.votes && !mayBeAlone) {
    throw new UserError('not-allowed', `Nobody else could approve a ${writeKind(asked.kind)} of ${workspace}.`, {
      hint: `Name approvers other than ${person.name} under policy.approvers in the configuration.`,
    });
  }
  const now = world.clock.now();
  const request: Request = {
    schema: 1,
    id: world.newId('req'),
    ...asked,
    workspace,
    backupId,
    by: person,
    ...(reason === undefined ? {} : { reason }),
    askedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + policy.requestExpiry).toISOString(),
    votesNeeded: policy.votes,
    votes: [],
    status: 'pending',
  };
  await world.catalog.requests.save(request);
  await world.catalog.audit.append({
    at: request.askedAt,
    by: person,
    did: `${asked.kind} asked`,
    workspace,
    subject: request.id,
    ...(reason === undefined ? {} : { reason }),
  });
  await world.chat.showRequest(request, describeRequest(request));
  return request;
}
