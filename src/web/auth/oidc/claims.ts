import { z } from 'zod';

/** Who somebody is by the issuer's word. */
export interface Claims {
  readonly sub: string;
  /** Their account, where the issuer is Slack or knows it. */
  readonly slack: { readonly user: string; readonly team: string } | undefined;
  /** Only one that the issuer says is theirs. */
  readonly email: string | undefined;
  /** What they call themselves. */
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

const text = z.string().min(1).max(255).optional().catch(undefined);

const known = z.looseObject({
  sub: z.string().min(1).max(255),
  preferred_username: text,
  email: text,
  email_verified: z.unknown().optional(),
  // Source: Slack's documentation of "Sign in with Slack".
  'https://slack.com/user_id': text,
  'https://slack.com/team_id': text,
});

/** Some issuers write a single one without a list. */
const groupNames = z.union([z.array(z.string()), z.string().transform((one) => [one])]).catch([]);

/** Reads what was proven before to be the issuer's word. `groupsClaim`: its name, or a path with dots. */
export function readClaims(given: Readonly<Record<string, unknown>>, groupsClaim: string): Claims {
  const { sub, preferred_username: name, email, ...rest } = known.parse(given);
  const { 'https://slack.com/user_id': user, 'https://slack.com/team_id': team } = rest;
  return {
    sub,
    name,
    slack: user !== undefined && team !== undefined ? { user, team } : undefined,
    email: rest.email_verified === true ? email : undefined,
    groups: groupNames.parse(claimAt(given, groupsClaim)),
  };
}

/** Names of claims may have dots themselves. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((value, key) => {
    const inner = z.record(z.string(), z.unknown()).safeParse(value).data;
    return inner && Object.hasOwn(inner, key) ? inner[key] : undefined;
  }, claims);
}
