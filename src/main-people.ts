import { createHash, timingSafeEqual } from 'node:crypto';
import { userInfo } from 'node:os';
import type { SlackCaller } from './chat/slack/settings.ts';
import type { Caller } from './chat/terminal/protocol.ts';
import type { Config } from './config.ts';
import { UserError } from './errors.ts';
import { type SignInRules, standingOfSignedIn } from './main-signed-in.ts';
import { suggest } from './nearest.ts';
import { type Person, personName } from './records/person.ts';
import type { Scope } from './records/scope.ts';

type People = Pick<Config, 'people' | 'trustBarePeople'>;

/**
 * Who is speaking, and how we know: the operating system's word for it, a token, or (in demonstrations) theirs.
 * @throws UserError `not-allowed`, `token-needed`.
 */
export function admit(caller: Caller, { people, trustBarePeople }: People): Person {
  if (caller.as === undefined) return admitByUid(caller.uid, people);
  const known = people[caller.as];
  const { uid } = caller;
  if (!known) {
    throw new UserError('not-allowed', `There is no person "${caller.as}".`, {
      hint: suggest(caller.as, Object.keys(people), 'People stand under "people" in cml.yaml.'),
    });
  }
  if (trustBarePeople) return { name: caller.as, proof: 'bare', uid };
  if (known.uid !== undefined && known.uid === uid) return { name: caller.as, proof: 'uid', uid };
  if (caller.token === undefined) {
    throw new UserError('token-needed', `To speak as ${caller.as} needs the token of ${caller.as}.`, {
      hint: 'Give it in the variable CML_TOKEN.',
    });
  }
  if (known.token === undefined || !isToken(caller.token, known.token)) {
    throw new UserError('not-allowed', `That is not the token of ${caller.as}.`, {
      hint: `Whoever may write cml.yaml makes a new one with: cml token ${caller.as}`,
    });
  }
  return { name: caller.as, proof: 'token', uid };
}

/**
 * Who speaks in Slack: Slack proves which account it is, cml.yaml says whose.
 * @throws UserError `not-allowed`
 */
export function admitSlack({ user }: SlackCaller, { people }: Pick<People, 'people'>): Person {
  const known = Object.entries(people).find(([, person]) => person.slack === user);
  if (known) return { name: known[0], proof: 'slack', slack: user };
  throw new UserError('not-allowed', `Your Slack account ${user} is not known here.`, {
    hint: `Whoever may write cml.yaml adds it under "people": <name>: { slack: ${user} }`,
  });
}

/** Who shows a token and says no name. */
export function admitToken(token: string, { people }: Pick<People, 'people'>): Person | undefined {
  const known = Object.entries(people).find(([, person]) => person.token !== undefined && isToken(token, person.token));
  return known && { name: known[0], proof: 'token' };
}

/** Which program shows a token, what it may, and for whom it speaks. */
export function admitProgram(
  token: string,
  { people }: Pick<People, 'people'>,
  now: Date,
): { readonly person: Person; readonly scopes: readonly Scope[] } | undefined {
  for (const [name, { tokens = {} }] of Object.entries(people)) {
    const shown = Object.values(tokens).find(({ hash }) => isToken(token, hash));
    if (!shown) continue;
    const isOver = shown.until !== undefined && Date.parse(shown.until) <= now.getTime();
    return isOver ? undefined : { person: { name, proof: 'token' }, scopes: shown.scopes };
  }
  return undefined;
}

/** What the word of somebody who was admitted stands on now; absent when they would be admitted no more. */
export function standingOf(person: Person, rules: People & SignInRules): string | undefined {
  const { name, proof, uid } = person;
  const { people, trustBarePeople, slack, oidc } = rules;
  if (proof === 'oidc') return standingOfSignedIn(person, { people, slack, oidc });
  const known = people[name];
  if (proof === 'token') return known?.token;
  if (proof === 'bare') return trustBarePeople && known ? 'bare' : undefined;
  if (proof !== 'uid' || uid === undefined) return undefined;
  return known?.uid === uid || nameOfUid(uid, people) === name ? `uid:${uid}` : undefined;
}

function nameOfUid(uid: number, people: Config['people']): string | undefined {
  const named = Object.entries(people).find(([, person]) => person.uid === uid);
  if (named) return named[0];
  const own = userInfo();
  if (uid === own.uid) return personName.safeParse(own.username).data ?? `uid-${uid}`;
  return uid === 0 ? 'root' : undefined;
}

function admitByUid(uid: number, people: Config['people']): Person {
  const name = nameOfUid(uid, people);
  if (name !== undefined) return { name, proof: 'uid', uid };
  throw new UserError('not-allowed', `The user with uid ${uid} is not known here.`, {
    hint: `Add them under "people" in cml.yaml: <name>: { uid: ${uid} }`,
  });
}

function isToken(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(given)), Buffer.from(expected));
}

/** As it stands in cml.yaml. */
export function hashToken(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}
