import { z } from 'zod';
import { duration } from '../../records/time.ts';
import { chosenCapture, partName } from '../../records/workspace.ts';
import { controlPlaneSettings } from './client/settings.ts';

/** A program and its arguments; nothing goes through a shell. */
const words = z
  .array(z.string())
  .min(1)
  .refine((list) => list[0] !== '', 'the program has no name');

/** Files that stand outside of the workspace and are mounted where cml runs: the control plane does not back them up. */
const externalFolder = z.strictObject({
  name: partName.refine((name) => name !== 'workspace', 'this is how the part that the control plane takes is called'),
  path: z.string().min(1),
  capture: chosenCapture.optional(),
  /** `drop` must do nothing when there is no snapshot. Both get CML_OPERATION and CML_PART in their environment. */
  snapshot: z.strictObject({ make: words, drop: words, path: z.string().min(1) }).optional(),
  leaveOut: z.string().min(1).optional(),
});

/** Says whether the workspace's database is there: files written while it is gone belong to the moment of the backup. */
const databaseProbe = z.union(
  [
    /** A connection that is refused means that it is gone. It must reach the database itself, no proxy before it. */
    z.strictObject({ tcp: z.string().regex(/^.+:\d{1,5}$/, 'write host:port') }),
    /** Exit code 0 means that it is gone, 1 that it is there; with any other nobody knows. */
    z.strictObject({ gone: words }),
  ],
  'write one of tcp: <host:port> or gone: [...]',
);
export type DatabaseProbe = z.infer<typeof databaseProbe>;

/** The `platform` of a workspace that its vendor's control plane backs up. Paths are absolute by the time this is used. */
export const cdpSettings = z.strictObject({
  kind: z.literal('cdp'),
  controlPlane: controlPlaneSettings,
  workspace: z.union(
    [
      z.strictObject({ crn: z.string().regex(/^crn:/, 'a CRN begins with crn:') }),
      z.strictObject({ environment: z.string().min(1), name: z.string().min(1) }),
    ],
    'write crn: <its CRN>, or its environment: and name:',
  ),
  /** How often the control plane is asked how far it is. */
  poll: duration.default(10_000),
  /** Sent with every backup, in whole minutes. Absent: the downtime budget. */
  backupTimeout: duration.optional(),
  /** How long a backup may take to be listed after its answer was lost. It is never asked for a second time. */
  listedWithin: duration.default(120_000),
  /** What this control plane says of a workspace that can be used, besides `installation:finished` and `modify:finished`. */
  readyStates: z.array(z.string().min(1)).default([]),
  /** How a running backup is called off. Neither word is published. */
  cancellation: z
    .strictObject({
      resource: z.enum(['workspace', 'backup']).default('workspace'),
      workflowType: z.string().min(1).default('backup'),
    })
    .prefault({}),
  restore: z
    .strictObject({
      /** Sent with every restore, in whole minutes. The vendor names none; its migrations take a day by default. */
      timeout: duration.default(86_400_000),
      /** Asks for the workspace's own static subdomain; where it has none, a restore gives it another host name. */
      useStaticSubdomain: z.boolean().default(true),
      /** Further fields of the vendor's CreateWorkspace for a workspace that a restore makes; they go out as given. */
      newWorkspace: z.record(z.string(), z.json()).default({}),
      /** What becomes of its TLS certificate, in a sentence that whoever approves a restore reads. */
      certificate: z.string().min(1).max(300).optional(),
    })
    .prefault({}),
  databaseProbe: databaseProbe.optional(),
  /** What people run in the workspace, asked of its own API v2. Absent: nobody looks, and the control plane stops it all. */
  workloads: z
    .strictObject({
      keyFile: z.string().min(1),
      /** Absent: where the control plane says that it is. */
      url: z.url({ protocol: /^https?$/ }).optional(),
      caFile: z.string().min(1).optional(),
      /**
       * At the moment of the stop: `tell` those who run something and go on, `wait` for it and then refuse, `refuse` at once,
       * or `stop` runs of jobs. Applications and models come and go with the workspace, whichever is chosen.
       */
      atStop: z.enum(['tell', 'wait', 'refuse', 'stop']).default('tell'),
      waitFor: duration.default(1_800_000),
    })
    .optional(),
  sharedFolders: z.array(externalFolder).default([]),
});
export type CdpSettings = z.infer<typeof cdpSettings>;
