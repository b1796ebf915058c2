import { z } from 'zod';

export const personName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,62}$/i, 'a person is named with letters, digits and . _ @ -');

/** A group of people that a chat keeps: `slack:S0123ABCD`. */
const GROUP = /^slack:S[A-Z0-9]+$/;

export const approverName = z.union([personName, z.string().regex(GROUP)], {
  error: 'an approver is a person, or a Slack user group such as slack:S0123ABCD',
});

export function isGroup(approver: string): boolean {
  return GROUP.test(approver);
}

/**
 * A person as known when they spoke. `proof` says how we know: the operating system's uid of the caller, a token that only
 * they hold, their Slack account, the word of the issuer that signs people in to the page, a bare word (trusted only where
 * the configuration says so), a control plane that told of them, nobody (a schedule), or not at all (a login that was
 * refused).
 */
export const person = z.object({
  name: personName,
  proof: z.enum(['uid', 'token', 'slack', 'oidc', 'bare', 'vendor', 'schedule', 'none']),
  uid: z.number().int().nonnegative().optional(),
  /** The id of their Slack account. */
  slack: z.string().optional(),
  /** The subject by which the issuer knows them; never another's. */
  oidc: z.string().optional(),
});
export type Person = z.infer<typeof person>;

/** What tells one human from another: two names with one identity are the same human. */
export function identityOf(who: Person): string {
  if (who.proof === 'uid') return `uid:${who.uid}`;
  if (who.proof === 'oidc') return `oidc:${who.oidc}`;
  return who.proof === 'slack' ? `slack:${who.slack}` : `${who.proof}:${who.name}`;
}
