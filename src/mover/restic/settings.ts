import { z } from 'zod';
import { duration } from '../../records/time.ts';

/** restic cuts a password command into words itself and knows no way to write both kinds of quote in one of them. */
const passwordWord = z
  .string()
  .refine((word) => !(word.includes("'") && word.includes('"')), 'a word may not hold both kinds of quotes');

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is named with letters, digits and underscores')
  .refine((name) => !/^RESTIC_(PASSWORD|REPOSITORY|KEY_HINT|CACHE_DIR)/.test(name), 'it is set from the other keys');

/** A repository that restic keeps. Passwords and keys stand in files or come from commands, never here. */
export const resticSettings = z
  .strictObject({
    kind: z.literal('restic'),
    /** A folder, or what restic calls a repository location: `sftp:...`, `s3:...`, `rest:...`. */
    location: z.string().min(1),
    passwordFile: z.string().min(1).optional(),
    passwordCommand: z.array(passwordWord).min(1).optional(),
    /** How long to wait for a repository that is held, in milliseconds. What may run while services are down never waits. */
    lockWait: duration.default(120_000),
    /** Files read at the same time; more than restic's own 2 helps on network file systems only. */
    readConcurrency: z.number().int().min(1).max(64).optional(),
    /** What a prune leaves unused, a size or a share, rather than write half-used files anew; and how much one writes anew at most. */
    prune: z
      .strictObject({
        maxUnused: z
          .string()
          .regex(/^(unlimited|\d+(\.\d+)?%|\d+[kKmMgGtT]?)$/, 'write 5%, 10G or unlimited')
          .default('5%'),
        maxRepackSize: z
          .string()
          .regex(/^\d+[kKmMgGtT]?$/, 'write a size such as 50G')
          .optional(),
      })
      .prefault({}),
    /** For the storage behind the repository, for example `AWS_SHARED_CREDENTIALS_FILE`: paths of secrets, never secrets. */
    environment: z.record(environmentName, z.string()).default({}),
  })
  .refine((repository) => (repository.passwordFile === undefined) !== (repository.passwordCommand === undefined), {
    message: 'a repository has either passwordFile or passwordCommand',
  });
export type ResticSettings = z.infer<typeof resticSettings>;

/** The folder of a repository on this machine; undefined when it is elsewhere. */
export function localFolderOf(location: string): string | undefined {
  if (location.startsWith('local:')) return location.slice('local:'.length);
  return /^(sftp|rest|s3|swift|b2|azure|gs|rclone):/.test(location) ? undefined : location;
}
