import { z } from 'zod';
import { duration } from '../../../records/time.ts';

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is named with letters, digits and underscores');

/** Where the login is found; never the login itself: settings are shown, and kept in journals. */
export const credentialsSettings = z.discriminatedUnion('from', [
  z.strictObject({
    from: z.literal('environment'),
    accessKeyId: variable.default('CDP_ACCESS_KEY_ID'),
    /** Holds the key itself, or the path of a file that does, as the vendor's command line reads it. */
    privateKey: variable.default('CDP_PRIVATE_KEY'),
    /** Used when the first is not set. */
    accessToken: variable.default('CDP_ACCESS_TOKEN'),
  }),
  z.strictObject({
    from: z.literal('profile'),
    /** The file of the vendor's command line. Absent: `~/.cdp/credentials`. */
    file: z.string().min(1).optional(),
    profile: z.string().min(1).default('default'),
  }),
  z.strictObject({
    from: z.literal('folder'),
    /** A mounted Secret: files `cdp_access_key_id` and `cdp_private_key`, or `cdp_access_token`. */
    folder: z.string().min(1),
  }),
]);
export type CredentialsSettings = z.infer<typeof credentialsSettings>;

/** The vendor signs no bodies, and a token is worth a login: nothing but this machine is talked to in the clear. */
function isSafe(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

export const controlPlaneSettings = z.strictObject({
  /** Such as `https://console-cdp.apps.example.com`; the path of the API is added to it. */
  endpoint: z
    .url({ protocol: /^https?$/, error: 'write an address that begins with https://', abort: true })
    .refine((url) => !/[?#@]/.test(url), 'write an address without a login, a question mark or #')
    .refine(isSafe, 'only this machine may be talked to without https')
    .transform((url) => url.replace(/\/+$/, '')),
  credentials: credentialsSettings.prefault({ from: 'environment' }),
  /** Certificates (PEM) of who may vouch for the control plane. Absent: those that Node trusts. */
  caFile: z.string().min(1).optional(),
  /** How long one connection, and one answer, may take. */
  requestWithin: duration.default(60_000),
});
export type ControlPlaneSettings = z.infer<typeof controlPlaneSettings>;
