import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import { UserError } from './errors.ts';
import { type Person, personName } from './records/person.ts';
import { everyScope, type Scope } from './records/scope.ts';
import type { Claims } from './web/auth/oidc/claims.ts';
import type { OidcSettings } from './web/auth/oidc/settings.ts';

/** What decides who somebody is who was signed in elsewhere. */
export interface SignInRules extends Pick<Config, 'people'> {
  readonly slack?: { readonly team?: string | undefined } | undefined;
  readonly oidc?: OidcSettings | undefined;
}

/**
 * Whom the issuer signed in: one of the people, else a member of a group that may something.
 * @throws UserError `not-allowed` when that is nobody known here.
 */
export function admitSignedIn(
  claims: Claims,
  rules: SignInRules,
): { readonly person: Person; readonly scopes: readonly Scope[] } {
  const { oidc } = rules;
  if (!oidc) throw new UserError('not-allowed', 'Nobody signs in elsewhere any more: cml.yaml has no web.oidc.');
  const found = namesOf(claims, rules, oidc);
  const [name] = found;
  if (found.length > 1) {
    throw new UserError('not-allowed', `You could be ${found.join(' or ')}: nobody can tell which.`, {
      hint: 'Whoever may write cml.yaml mends it under "people": each has an account, an address and a subject of their own.',
    });
  }
  if (name !== undefined) return { person: { name, proof: 'oidc', oidc: claims.sub }, scopes: everyScope };
  const scopes = [...new Set(claims.groups.flatMap((group) => ownOf(oidc.groups, group)))];
  const stranger = nameOfStranger(claims, oidc.issuer);
  if (scopes.length === 0 || Object.hasOwn(rules.people, stranger)) throw notKnown(claims, oidc);
  return { person: { name: stranger, proof: 'oidc', oidc: claims.sub }, scopes };
}

/** What the word of somebody who signed in stands on now: they sign in again when what is configured of them changes. */
export function standingOfSignedIn({ name, oidc: sub }: Person, rules: SignInRules): string | undefined {
  const { people, oidc, slack } = rules;
  if (!oidc) return undefined;
  const { issuer, clientId, groups, groupsClaim, matchByEmail } = oidc;
  const { tokens: _ofPrograms, ...person } = (Object.hasOwn(people, name) ? people[name] : undefined) ?? {};
  const own = Object.keys(person).length > 0 ? { person } : { groups, groupsClaim };
  const standing = JSON.stringify([issuer, clientId, matchByEmail, slack?.team, sub, own]);
  return `oidc:${createHash('sha256').update(standing).digest('base64url')}`;
}

function namesOf({ sub, slack, email }: Claims, { people, ...rules }: SignInRules, oidc: OidcSettings): string[] {
  // An account is somebody's in one Slack workspace: without its name, one of another could pass for it.
  const account = slack !== undefined && slack.team === rules.slack?.team ? slack.user : undefined;
  const address = oidc.matchByEmail ? email?.toLowerCase() : undefined;
  const isMeant = (person: Config['people'][string]) =>
    person.oidc === sub ||
    (account !== undefined && person.slack === account) ||
    (address !== undefined && person.email?.toLowerCase() === address);
  return Object.entries(people).flatMap(([name, person]) => (isMeant(person) ? [name] : []));
}

function ownOf(groups: OidcSettings['groups'], group: string): readonly Scope[] {
  return (Object.hasOwn(groups, group) ? groups[group] : undefined) ?? [];
}

/** Never the name of one of the people, whatever they call themselves elsewhere: it says where they come from. */
function nameOfStranger({ sub, name }: Claims, issuer: string): string {
  const host = new URL(issuer).hostname.replace(/[^a-z0-9.-]/gi, '-');
  const called = `${(name ?? '').toLowerCase().replace(/[^a-z0-9._@-]/g, '-')}@${host}`;
  if (name !== undefined && personName.safeParse(called).success) return called;
  return `u${createHash('sha256').update(sub).digest('hex').slice(0, 12)}@${host.slice(-40)}`;
}

function notKnown({ sub, email, name, slack }: Claims, { issuer, name: called }: OidcSettings): UserError {
  const who = email ?? name ?? slack?.user ?? sub;
  const there = called ?? new URL(issuer).hostname;
  return new UserError('not-allowed', `${there} says that you are ${who}, who is not known here.`, {
    hint: `Whoever may write cml.yaml adds it under "people": <name>: { oidc: ${JSON.stringify(sub)} }`,
  });
}
