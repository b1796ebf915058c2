import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { admit, admitSlack, hashToken } from '../../src/main-people.ts';
import { identityOf } from '../../src/records/person.ts';

const config = {
  people: {
    alice: { uid: 1000 },
    bob: { token: hashToken('secret of bob') },
    carol: { uid: 1002, token: hashToken('c') },
  },
  trustBarePeople: false,
};
const code = (code: string) => expect.objectContaining({ name: 'UserError', code, hint: expect.stringMatching(/\S/) });

describe('who speaks', () => {
  test('is known by the uid that the system says', () => {
    expect(admit({ uid: 1000 }, config)).toEqual({ name: 'alice', proof: 'uid', uid: 1000 });
    expect(admit({ uid: 1002, as: 'carol' }, config)).toEqual({ name: 'carol', proof: 'uid', uid: 1002 });
  });

  test('is the one who runs the server, or root, without being named', () => {
    const { uid, username } = userInfo();
    expect(admit({ uid }, config)).toEqual({ name: username, proof: 'uid', uid });
    expect(admit({ uid: 0 }, config)).toEqual({ name: 'root', proof: 'uid', uid: 0 });
    const named = { people: { admin: { uid } }, trustBarePeople: false };
    expect(admit({ uid }, named)).toMatchObject({ name: 'admin' });
  });

  test('is refused when nobody knows the uid, with what to write', () => {
    expect(() => admit({ uid: 4_242 }, config)).toThrow(code('not-allowed'));
    expect(() => admit({ uid: 4_242 }, config)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('{ uid: 4242 }') }),
    );
  });

  test('may be another person who shows that token, and no other', () => {
    const caller = { uid: 1000, as: 'bob' };
    const spoken = admit({ ...caller, token: 'secret of bob' }, config);
    expect(spoken).toEqual({ name: 'bob', proof: 'token', uid: 1000 });
    expect(() => admit(caller, config)).toThrow(code('token-needed'));
    for (const token of ['secret of alice', 'c', '', hashToken('secret of bob')]) {
      expect(() => admit({ ...caller, token }, config)).toThrow(code('not-allowed'));
    }
  });

  test('cannot be somebody who has no token, whatever is shown', () => {
    expect(() => admit({ uid: 1002, as: 'alice' }, config)).toThrow(code('token-needed'));
    expect(() => admit({ uid: 1002, as: 'alice', token: '' }, config)).toThrow(code('not-allowed'));
  });

  test('cannot be a person who is not configured; the nearest is suggested', () => {
    expect(() => admit({ uid: 1000, as: 'bop', token: 'x' }, config)).toThrow(
      expect.objectContaining({ code: 'not-allowed', hint: 'Did you mean "bob"?' }),
    );
  });

  test('is taken at their word only where the configuration says so, and then still has to be configured', () => {
    const trusting = { ...config, trustBarePeople: true };
    expect(admit({ uid: 1000, as: 'bob' }, trusting)).toEqual({ name: 'bob', proof: 'bare', uid: 1000 });
    expect(() => admit({ uid: 1000, as: 'mallory' }, trusting)).toThrow(code('not-allowed'));
  });
});

test('a token is kept as a hash that does not tell it', () => {
  expect(hashToken('secret of bob')).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(hashToken('a')).not.toBe(hashToken('b'));
});

describe('who speaks in Slack', () => {
  test('is known by the account that Slack says, and by nothing else', () => {
    const people = { alice: { uid: 1000, slack: 'U0ALICE' }, bob: { uid: 1001 } };
    const alice = admitSlack({ user: 'U0ALICE', team: 'T0' }, { people });
    expect(alice).toEqual({ name: 'alice', proof: 'slack', slack: 'U0ALICE' });
    expect(identityOf(alice)).not.toBe(identityOf({ ...alice, slack: 'U0OTHER' }));
    expect(() => admitSlack({ user: 'U0BOB', team: 'T0' }, { people })).toThrow(
      expect.objectContaining({ code: 'not-allowed', hint: expect.stringContaining('<name>: { slack: U0BOB }') }),
    );
  });
});
