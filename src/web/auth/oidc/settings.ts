import { z } from 'zod';
import { scope } from '../../../records/scope.ts';
import { duration } from '../../../records/time.ts';
import { isLoopback } from '../loopback.ts';

/** What the standard lets stand in a scope; RFC 6749, appendix A.4. */
const asked = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one word without quotes');

const LONGEST_MS = 72 * 3_600_000;

/** `web.oidc` in cml.yaml: people sign in to the page with who knows them already. */
export const oidcSettings = z
  .strictObject({
    /** As it names itself, exactly: `https://slack.com`, `https://login.example.org/realms/ml`. */
    issuer: z
      .url({ protocol: /^https?$/ })
      .refine(
        (url) => url.startsWith('https://') || isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, '')),
        'must begin with https://: what people sign in with would travel in the clear',
      ),
    clientId: z.string().min(1),
    /** What proves to the issuer that it is us; without either of them the issuer must know us as a public client. */
    clientSecretFile: z.string().min(1).optional(),
    clientSecretEnvironment: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable of the environment, never the secret itself')
      .optional(),
    /** Who signed the issuer's certificate, where that is nobody whom the system trusts. PEM. */
    caFile: z.string().min(1).optional(),
    /** What people call it: it stands on the button. */
    name: z.string().min(1).max(40).optional(),
    scopes: z
      .array(asked)
      .default(['openid', 'profile', 'email'])
      .refine((scopes) => scopes.includes('openid'), 'must contain openid'),
    /** The claim that holds a person's groups; with dots into a claim that is itself a group of claims. */
    groupsClaim: z.string().min(1).default('groups'),
    /** What people of a group may at most who do not stand under `people`. */
    groups: z.record(z.string().min(1), z.array(scope).min(1)).default({}),
    /** Whether a verified address of the issuer's is enough to be the person who has it under `people`. */
    matchByEmail: z.boolean().default(false),
    /** So long after signing in they sign in again: what the issuer took away meanwhile is noticed only then. */
    signInAgainAfter: duration.default(12 * 3_600_000),
  })
  .refine(({ signInAgainAfter }) => signInAgainAfter >= 60_000 && signInAgainAfter <= LONGEST_MS, {
    path: ['signInAgainAfter'],
    error: 'must be at least 1m and at most 3d',
  })
  .refine((one) => one.clientSecretFile === undefined || one.clientSecretEnvironment === undefined, {
    path: ['clientSecretEnvironment'],
    error: 'is one of two places of the secret: name the file or the variable, not both',
  });
export type OidcSettings = z.infer<typeof oidcSettings>;
