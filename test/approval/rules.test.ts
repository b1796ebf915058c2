import { describe, expect, test } from 'vitest';
import {
  countVote,
  type DecisionFacts,
  isExpired,
  isSameHuman,
  votesNeeded,
  votesStillCount,
} from '../../src/approval/rules.ts';
import type { Person } from '../../src/records/person.ts';
import type { Request, Vote } from '../../src/records/request.ts';
import { makeDeleteRequest, makeRequest, makeRestorePlan, momentAfter } from '../fakes/records.ts';

const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };
const bob: Person = { name: 'bob', proof: 'token', uid: 1001 };
const carol: Person = { name: 'carol', proof: 'uid', uid: 1002 };

const EXPIRY = 8 * 3_600_000;
const facts = (changes: Partial<DecisionFacts> = {}): DecisionFacts => ({
  now: new Date(momentAfter(30)),
  policy: { approvers: ['alice', 'bob', 'carol'], breakGlass: ['alice', 'dora'], requestExpiry: EXPIRY, votes: 1 },
  digest: makeRestorePlan().digest,
  ...changes,
});
const voteOf = (by: Person, changes: Partial<Vote> = {}): Vote => ({
  by,
  at: momentAfter(30),
  approves: true,
  ...changes,
});
const code = (code: string) => expect.objectContaining({ name: 'UserError', code, hint: expect.stringMatching(/\S/) });

describe('a vote', () => {
  test('of another person approves, and holds as long as a request may wait', () => {
    const decided = countVote(makeRequest({ by: alice }), voteOf(bob), facts());
    expect(decided).toMatchObject({
      status: 'approved',
      decidedAt: momentAfter(30),
      votes: [{ by: bob, approves: true }],
    });
    expect(decided.expiresAt).toBe(new Date(Date.parse(momentAfter(30)) + EXPIRY).toISOString());
  });

  test('does not change the request that was handed in', () => {
    const request = Object.freeze(makeRequest({ by: alice, votes: Object.freeze([]) as unknown as Vote[] }));
    countVote(request, voteOf(bob), facts());
    expect(request).toMatchObject({ status: 'pending', votes: [] });
  });

  test.each<[string, Person]>([
    ['under the same name', { name: 'alice', proof: 'token', uid: 5 }],
    ['under another name with the same uid', { name: 'carol', proof: 'uid', uid: 1000 }],
    ['under the same name that is only said', { name: 'alice', proof: 'bare' }],
  ])('of the one who asked never counts, %s', (_, by) => {
    for (const approves of [true, false]) {
      const vote = voteOf(by, { approves, reason: 'mine' });
      expect(() => countVote(makeRequest({ by: alice }), vote, facts())).toThrow(code('own-approval'));
    }
  });

  test('of the one who asked is refused with the names of those who may', () => {
    expect(() => countVote(makeRequest({ by: alice }), voteOf(alice), facts())).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('bob, carol') }),
    );
  });

  test('of someone who is not an approver is refused, also when they were one as it was asked', () => {
    const policy = { approvers: ['carol'], breakGlass: [], requestExpiry: EXPIRY, votes: 1 };
    expect(() => countVote(makeRequest({ by: alice }), voteOf(bob), facts({ policy }))).toThrow(code('not-allowed'));
    const nobody = facts({ policy: { ...policy, approvers: [] } });
    expect(() => countVote(makeRequest({ by: alice }), voteOf(bob), nobody)).toThrow(code('not-allowed'));
  });

  test('after the request expired is refused, to the millisecond', () => {
    const request = makeRequest({ by: alice, expiresAt: momentAfter(30) });
    expect(() => countVote(request, voteOf(bob), facts())).toThrow(code('request-expired'));
    const inTime = facts({ now: new Date(Date.parse(momentAfter(30)) - 1) });
    expect(countVote(request, voteOf(bob), inTime).status).toBe('approved');
    expect(isExpired(request, new Date(momentAfter(30)))).toBe(true);
    expect(isExpired(request, inTime.now)).toBe(false);
  });

  test.each<Request['status']>(['approved', 'denied', 'expired', 'withdrawn', 'used'])(
    'on a request that is %s is refused, with who decided',
    (status) => {
      const request = makeRequest({ by: alice, status, votes: [voteOf(carol)] });
      for (const approves of [true, false]) {
        const late = () => countVote(request, voteOf(bob, { approves, reason: 'late' }), facts());
        expect(late).toThrow(code('not-pending'));
        expect(late).toThrow(`${request.id} is ${status} already (carol).`);
      }
    },
  );

  test('on what is not what was asked for any more is refused, and may still deny', () => {
    const request = makeRequest({ by: alice });
    for (const digest of ['2'.repeat(64), undefined]) {
      expect(() => countVote(request, voteOf(bob), facts({ digest }))).toThrow(code('plan-changed'));
      const denied = countVote(request, voteOf(bob, { approves: false, reason: 'stale' }), facts({ digest }));
      expect(denied.status).toBe('denied');
    }
  });
});

describe('denying', () => {
  test.each([undefined, '', '   '])('needs a reason (%j)', (reason) => {
    const vote = voteOf(bob, { approves: false, ...(reason === undefined ? {} : { reason }) });
    expect(() => countVote(makeRequest({ by: alice }), vote, facts())).toThrow(code('bad-input'));
  });

  test('by one is enough, also after others approved', () => {
    const request = makeRequest({ by: alice, votesNeeded: 2, votes: [voteOf(bob)] });
    const denied = countVote(request, voteOf(carol, { approves: false, reason: 'no' }), facts());
    expect(denied).toMatchObject({ status: 'denied', decidedAt: momentAfter(30) });
    expect(denied.votes).toHaveLength(2);
  });
});

describe('several votes', () => {
  test('are counted until there are enough, each human once', () => {
    const first = countVote(makeRequest({ by: alice, votesNeeded: 2 }), voteOf(bob), facts());
    expect(first).toMatchObject({ status: 'pending', votes: [{ by: bob }] });
    expect(first.decidedAt).toBeUndefined();
    expect(() => countVote(first, voteOf(bob), facts())).toThrow(code('not-pending'));
    expect(countVote(first, voteOf(carol), facts()).status).toBe('approved');
  });

  test('of one uid under two names are one vote', () => {
    const policy = { approvers: ['carol', 'caroline'], breakGlass: [], requestExpiry: EXPIRY, votes: 1 };
    const first = countVote(makeRequest({ by: alice, votesNeeded: 2 }), voteOf(carol), facts({ policy }));
    const again = voteOf({ ...carol, name: 'caroline' });
    expect(() => countVote(first, again, facts({ policy }))).toThrow(code('not-pending'));
  });

  test('still count only as long as those who gave them may approve', () => {
    const request = makeRequest({ by: alice, votesNeeded: 2, votes: [voteOf(bob), voteOf(carol)], status: 'approved' });
    expect(votesStillCount(request, { approvers: ['bob', 'carol'], breakGlass: [], votes: 1 })).toBe(true);
    expect(votesStillCount(request, { approvers: ['carol', 'dora'], breakGlass: [], votes: 1 })).toBe(false);
    const denied = { ...request, votes: [voteOf(bob), voteOf(carol, { approves: false, reason: 'no' })] };
    expect(votesStillCount(denied, { approvers: ['bob', 'carol'], breakGlass: [], votes: 1 })).toBe(false);
  });
});

describe('break-glass', () => {
  const dora: Person = { name: 'dora', proof: 'token', uid: 1003 };
  const reason = 'the lab runs tonight and nobody answers';
  const broken = (by: Person, changes: Partial<Vote> = {}) => voteOf(by, { breakGlass: true, reason, ...changes });

  test.each<[string, Person, Parameters<typeof makeRequest>[0]]>([
    ['of someone who may not vote at all', dora, { by: alice }],
    ['of the one who asked', alice, { by: alice }],
    ['where more votes are needed', dora, { by: alice, votesNeeded: 3 }],
    ['after their own vote', alice, { by: carol, votesNeeded: 3, votes: [voteOf(alice)] }],
  ])('approves alone, %s', (_, by, changes) => {
    const decided = countVote(makeRequest(changes), broken(by), facts());
    expect(decided).toMatchObject({ status: 'approved', decidedAt: momentAfter(30) });
    expect(decided.votes.at(-1)).toMatchObject({ by, breakGlass: true, reason });
  });

  test.each<[string, string, () => Request, Vote, Partial<DecisionFacts>]>([
    ['who is not named for it, approver or not', 'not-allowed', makeRequest, broken(bob), {}],
    ['who only says who they are', 'not-allowed', makeRequest, broken({ name: 'dora', proof: 'bare' }), {}],
    [
      'on a deletion',
      'not-allowed',
      () => makeDeleteRequest(),
      broken(dora),
      { digest: makeDeleteRequest().plan.digest },
    ],
    ['without a reason', 'bad-input', makeRequest, voteOf(dora, { breakGlass: true }), {}],
    ['with a blank reason', 'bad-input', makeRequest, broken(dora, { reason: '                    ' }), {}],
    ['with a word for a reason', 'bad-input', makeRequest, broken(dora, { reason: 'emergencyyyyyyyyyyyyyyyy' }), {}],
    ['with a reason of nothing', 'bad-input', makeRequest, broken(dora, { reason: 'x x x x' }), {}],
    ['on what changed since', 'plan-changed', makeRequest, broken(dora), { digest: '2'.repeat(64) }],
    ['after it expired', 'request-expired', () => makeRequest({ expiresAt: momentAfter(1) }), broken(dora), {}],
    ['after it was denied', 'not-pending', () => makeRequest({ status: 'denied' }), broken(dora), {}],
  ])('is refused to one %s', (_, expected, request, vote, changes) => {
    expect(() => countVote(request(), vote, facts(changes))).toThrow(code(expected));
  });

  test('counts only as long as the one who did it is named for it', () => {
    const request = makeRequest({ votesNeeded: 2, votes: [broken(dora)], status: 'approved' });
    expect(votesStillCount(request, { approvers: [], breakGlass: ['dora'], votes: 1 })).toBe(true);
    expect(votesStillCount(request, { approvers: ['bob'], breakGlass: ['alice'], votes: 1 })).toBe(false);
    const own = makeRequest({ by: alice, votes: [broken(alice)], status: 'approved' });
    expect(votesStillCount(own, { approvers: ['alice', 'bob'], breakGlass: [], votes: 1 })).toBe(false);
  });
});

describe('the votes needed', () => {
  const policy = { approvers: ['bob', 'carol'], breakGlass: [], requestExpiry: EXPIRY, votes: 2 };

  test('are the larger of what was needed when it was asked and what is needed now', () => {
    expect(votesNeeded(makeRequest({ votesNeeded: 1 }), { votes: 2 })).toBe(2);
    expect(votesNeeded(makeRequest({ votesNeeded: 2 }), { votes: 1 })).toBe(2);
  });

  test('are told by the request once somebody has voted under the present policy', () => {
    const first = countVote(makeRequest({ by: alice }), voteOf(bob), facts({ policy }));
    expect(first).toMatchObject({ status: 'pending', votesNeeded: 2 });
    expect(countVote(first, voteOf(carol), facts({ policy })).status).toBe('approved');
  });

  test('are not filled by someone who may not approve any more', () => {
    const request = makeRequest({ by: alice, votesNeeded: 2, votes: [voteOf({ ...bob, name: 'dora' })] });
    expect(countVote(request, voteOf(carol), facts({ policy })).status).toBe('pending');
  });

  test('are looked at again when an approved request gets its turn', () => {
    const request = makeRequest({ by: alice, votes: [voteOf(bob)], status: 'approved' });
    expect(votesStillCount(request, { ...policy, votes: 1 })).toBe(true);
    expect(votesStillCount(request, policy)).toBe(false);
  });
});

test('one human is known by name or by uid, and told apart by tokens', () => {
  expect(isSameHuman(alice, { ...alice, name: 'root' })).toBe(true);
  expect(isSameHuman(alice, { name: 'alice', proof: 'bare' })).toBe(true);
  expect(isSameHuman(alice, carol)).toBe(false);
  expect(isSameHuman(bob, { name: 'dora', proof: 'token', uid: 1003 })).toBe(false);
});
