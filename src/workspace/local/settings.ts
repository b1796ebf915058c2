import { z } from 'zod';
import { partLocation } from '../../records/part.ts';
import { duration } from '../../records/time.ts';
import { chosenCapture, partName } from '../../records/workspace.ts';

/** A program and its arguments; nothing goes through a shell. */
const words = z
  .array(z.string())
  .min(1)
  .refine((list) => list[0] !== '', 'the program has no name');

const serviceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, 'a service is named with letters, digits, dashes and underscores');

/** Says when a service can do its work. One of three. */
export const ready = z.union(
  [
    z.strictObject({ http: z.url({ protocol: /^https?$/ }) }),
    z.strictObject({ tcp: z.string().regex(/^.+:\d{1,5}$/, 'write host:port') }),
    z.strictObject({ command: words }),
  ],
  'write one of http: <url>, tcp: <host:port> or command: [...]',
);
export type Ready = z.infer<typeof ready>;

const common = {
  name: serviceName,
  ready: ready.optional(),
  /** How long a start may take until the service is ready. */
  startWithin: duration.default(60_000),
  /** How long after the last one was ready it must still run. Some are ready and then fall over what they find. */
  staysUp: duration.default(1_000),
};

const supervisedService = z.strictObject({
  ...common,
  command: words,
  folder: z.string().min(1),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  stop: z
    .strictObject({
      signal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']).default('SIGTERM'),
      grace: duration.default(30_000),
      /** Kill it after the grace. Off unless asked for: a database that is killed may need hours to recover. */
      kill: z.boolean().default(false),
    })
    .prefault({}),
});
export type SupervisedServiceSettings = z.infer<typeof supervisedService>;

const commandedService = z.strictObject({
  ...common,
  start: words,
  stop: words,
  /** Exit code 0 means that it runs. */
  status: words,
  folder: z.string().min(1).optional(),
  stopWithin: duration.default(120_000),
});
export type CommandedServiceSettings = z.infer<typeof commandedService>;

/** Chosen by the one key that tells them apart, so that a mistake is named where it stands and not as "neither fits". */
const service = z.unknown().transform((value, context): SupervisedServiceSettings | CommandedServiceSettings => {
  const isSupervised = typeof value === 'object' && value !== null && 'command' in value;
  const parsed = (isSupervised ? supervisedService : commandedService).safeParse(value);
  if (parsed.success) return parsed.data;
  context.issues.push(
    ...parsed.error.issues.map((issue): z.core.$ZodRawIssue => ({ ...issue, input: value }) as z.core.$ZodRawIssue),
  );
  return z.NEVER;
});
export type ServiceSettings = z.infer<typeof service>;

const part = {
  name: partName,
  path: z.string().min(1),
  /** Absent: `snapshot` where commands for it are configured or its storage can make one, else `two-pass`. */
  capture: chosenCapture.optional(),
  /** `drop` must do nothing when there is no snapshot. Both get CML_OPERATION and CML_PART in their environment. */
  snapshot: z.strictObject({ make: words, drop: words, path: z.string().min(1) }).optional(),
  /** Why this part is not captured. */
  leaveOut: z.string().min(1).optional(),
};

const volume = z.strictObject(part);
const sharedFolder = z.strictObject({ ...part, location: partLocation.default('internal') });
export type PartSettings = z.infer<typeof volume>;

/** The `platform` of a workspace on one machine. Paths are absolute by the time this is used. */
export const localSettings = z.strictObject({
  kind: z.literal('local'),
  release: z.union([z.string(), z.number()]).transform(String).default('unknown'),
  /** In the order in which they are stopped; they are started the other way round. */
  services: z.array(service).default([]),
  volumes: z.array(volume).default([]),
  sharedFolders: z.array(sharedFolder).default([]),
  /**
   * Run on what a verification brought back; exit code 0 means that it is good. CML_SCRATCH names the folder of all parts.
   * With `atCut`, which runs on the live workspace on both sides of each cut, lines such as `users 12` that it writes are
   * compared with those of `command`.
   */
  checks: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        command: words,
        atCut: words.optional(),
        folder: z.string().min(1).optional(),
      }),
    )
    .default([]),
  definition: z.strictObject({ files: z.array(z.string().min(1)).default([]) }).prefault({}),
});
export type LocalSettings = z.infer<typeof localSettings>;
