import { writeMoment } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import { identityOf, type Person } from '../records/person.ts';
import type { Request, Vote } from '../records/request.ts';
import type { WorkspacePolicy } from '../records/workspace.ts';

/** What is true at the moment of the decision; looked up anew, never remembered from when it was asked. */
export interface DecisionFacts {
  readonly now: Date;
  readonly policy: Pick<WorkspacePolicy, 'approvers' | 'breakGlass' | 'requestExpiry' | 'votes'>;
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

/** The glass may have been broken by the one who asked: that vote is never one of the ordinary ones. */
function approvalsOf(request: Pick<Request, 'votes'>, policy: Pick<WorkspacePolicy, 'approvers'>): Vote[] {
  const ordinary = request.votes.filter(({ approves, breakGlass }) => approves && !breakGlass);
  return ordinary.filter(({ by }) => policy.approvers.includes(by.name));
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
  if (vote.breakGlass) refuseBreakGlass(request, vote, facts.policy);
  else refuseVoter(request, vote, facts);
  const votes = [...request.votes, vote];
  if (!vote.approves) return { ...request, votes, status: 'denied', decidedAt: vote.at };
  if (facts.digest !== request.plan.digest) {
    throw new UserError('plan-changed', `What would be done is not what was asked for any more.`, {
      hint: `Ask again, so that the present plan is shown: ${howToAsk(request)}`,
    });
  }
  if (request.kind === 'restore' && request.plan.missing && !vote.acceptsIncomplete) {
    throw new UserError('not-confirmed', `${request.backupId} is incomplete: it lacks ${request.plan.missing[0]}.`, {
      hint: `If it shall be restored all the same: cml approve ${request.id} --accept-incomplete`,
    });
  }
  const counted = { ...request, votes, votesNeeded: votesNeeded(request, facts.policy) };
  if (!vote.breakGlass && approvalsOf(counted, facts.policy).length < counted.votesNeeded) return counted;
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
      hint: `Ask again: ${howToAsk(request)}`,
    });
  }
}

function howToAsk(request: Request): string {
  return `cml ${request.kind} ${request.kind === 'undo' ? request.plan.undoes : request.backupId}`;
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

/** How a person has to be known who decides alone. */
const BELIEVED: readonly Person['proof'][] = ['uid', 'token', 'slack', 'oidc'];

/** A reason that others can judge afterwards: at least a short sentence. */
const LEAST_WORDS = 3;
const LEAST_CHARACTERS = 15;

/** The person may be the one who asked, and may have voted already: that is what it is for. */
function refuseBreakGlass(request: Request, vote: Vote, policy: DecisionFacts['policy']): void {
  if (request.kind === 'delete') {
    throw new UserError('not-allowed', 'A deletion cannot be approved by break-glass.', {
      hint: 'Nothing is lost by waiting for another person.',
    });
  }
  if (!policy.breakGlass.includes(vote.by.name)) {
    throw new UserError('not-allowed', `${vote.by.name} may not break the glass for ${request.workspace}.`, {
      hint:
        policy.breakGlass.length > 0
          ? `Who may: ${policy.breakGlass.join(', ')}.`
          : 'Nobody may: policy.breakGlass names none.',
    });
  }
  if (!BELIEVED.includes(vote.by.proof)) {
    throw new UserError('not-allowed', `That it is ${vote.by.name} who says so is not proven.`, {
      hint: 'Break-glass needs a person known by uid, by token, by their Slack account or by signing in.',
    });
  }
  const reason = vote.reason?.trim() ?? '';
  if (reason.length >= LEAST_CHARACTERS && reason.split(/\s+/).length >= LEAST_WORDS) return;
  throw new UserError('bad-input', 'Break-glass needs a reason of at least one sentence.', {
    hint: `cml approve ${request.id} --break-glass --reason "what cannot wait, and why nobody else can decide"`,
  });
}

/** True when the votes that made it approved would still make it so now. */
export function votesStillCount(
  request: Request,
  policy: Pick<WorkspacePolicy, 'approvers' | 'breakGlass' | 'votes'>,
): boolean {
  if (request.votes.some((vote) => vote.breakGlass && policy.breakGlass.includes(vote.by.name))) return true;
  return approvalsOf(request, policy).length >= votesNeeded(request, policy);
}
