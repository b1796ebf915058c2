import { writeMoment } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import { identityOf, type Person } from '../records/person.ts';
import type { Request, Vote } from '../records/request.ts';
import type { WorkspacePolicy } from '../records/workspace.ts';

/** What is true at the moment of the decision; looked up anew, never remembered from when it was asked. */
export interface DecisionFacts {
  readonly now: Date;
  readonly policy: Pick<WorkspacePolicy, 'approvers' | 'requestExpiry' | 'votes'>;
  /** Digest of the plan as it would be made now; undefined when it cannot be made. */
  readonly digest: string | undefined;
}

export function isSameHuman(one: Person, other: Person): boolean {
  return one.name === other.name || identityOf(one) === identityOf(other);
}

/** Who tightens the rules means what still waits too; who loosens them does not undo what was asked under stricter ones. */
export function votesNeeded(request: Request, policy: Pick<WorkspacePolicy, 'votes'>): number {
  return Math.max(request.votesNeeded, policy.votes);
}

function approvalsOf(request: Pick<Request, 'votes'>, policy: Pick<WorkspacePolicy, 'approvers'>): Vote[] {
  return request.votes.filter(({ approves, by }) => approves && policy.approvers.includes(by.name));
}

export function isExpired(request: Request, now: Date): boolean {
  return Date.parse(request.expiresAt) <= now.getTime();
}

/**
 * Counts a vote: answers the request as it then stands. The one rule for button, page, terminal and time-out.
 * @throws UserError saying which rule forbids the vote.
 */
export function countVote(request: Request, vote: Vote, facts: DecisionFacts): Request {
  refuseDecided(request, facts.now);
  refuseVoter(request, vote, facts);
  const votes = [...request.votes, vote];
  if (!vote.approves) return { ...request, votes, status: 'denied', decidedAt: vote.at };
  if (facts.digest !== request.plan.digest) {
    throw new UserError('plan-changed', `What would be done is not what was asked for any more.`, {
      hint: `Ask again, so that the present plan is shown: cml ${request.kind} ${request.backupId}`,
    });
  }
  const counted = { ...request, votes, votesNeeded: votesNeeded(request, facts.policy) };
  if (approvalsOf(counted, facts.policy).length < counted.votesNeeded) return counted;
  const expiresAt = new Date(facts.now.getTime() + facts.policy.requestExpiry).toISOString();
  return { ...counted, status: 'approved', decidedAt: vote.at, expiresAt };
}

function refuseDecided(request: Request, now: Date): void {
  if (request.status !== 'pending') {
    const by = request.votes.at(-1)?.by.name;
    throw new UserError('not-pending', `${request.id} is ${request.status} already${by ? ` (${by})` : ''}.`, {
      hint: 'Look with `cml status`.',
    });
  }
  if (isExpired(request, now)) {
    throw new UserError('request-expired', `${request.id} expired at ${writeMoment(request.expiresAt)}.`, {
      hint: `Ask again: cml ${request.kind} ${request.backupId}`,
    });
  }
}

function refuseVoter(request: Request, vote: Vote, { policy }: DecisionFacts): void {
  if (isSameHuman(vote.by, request.by)) {
    throw new UserError('own-approval', `You asked for ${request.id} yourself, so you may not decide on it.`, {
      hint: `Another person decides: ${policy.approvers.filter((name) => name !== request.by.name).join(', ') || 'name approvers in the configuration'}. To take it back: cml cancel ${request.id}`,
    });
  }
  if (!policy.approvers.includes(vote.by.name)) {
    throw new UserError('not-allowed', `${vote.by.name} may not decide for ${request.workspace}.`, {
      hint:
        policy.approvers.length > 0
          ? `Approvers: ${policy.approvers.join(', ')}.`
          : 'Name approvers in the configuration.',
    });
  }
  if (request.votes.some(({ by }) => isSameHuman(by, vote.by))) {
    throw new UserError('not-pending', `${vote.by.name} has voted on ${request.id} already.`, {
      hint: `${votesNeeded(request, policy)} votes are needed.`,
    });
  }
  if (!vote.approves && !vote.reason?.trim()) {
    throw new UserError('bad-input', 'To deny needs a reason.', {
      hint: `cml deny ${request.id} --reason "..."`,
    });
  }
}

/** True when the votes that made it approved would still make it so now. */
export function votesStillCount(request: Request, policy: Pick<WorkspacePolicy, 'approvers' | 'votes'>): boolean {
  return approvalsOf(request, policy).length >= votesNeeded(request, policy);
}
