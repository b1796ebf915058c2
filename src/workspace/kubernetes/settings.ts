import { z } from 'zod';
import { partLocation } from '../../records/part.ts';
import { duration } from '../../records/time.ts';
import { chosenCapture, partName, workspaceName } from '../../records/workspace.ts';

const objectName = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
    'objects are named with lower-case letters, digits, dashes and dots',
  );

const words = z
  .array(z.string())
  .min(1)
  .refine((list) => list[0] !== '', 'the program has no name');

const amounts = z.record(z.string(), z.union([z.string(), z.number()]).transform(String));

/** What is said of one claim; what is not named here is found and captured. */
const partSettings = z.strictObject({
  /** Absent: the claim's own name. */
  name: partName.optional(),
  /** Absent: `snapshot` where commands for it are configured or its storage makes one, else `two-pass`. */
  capture: chosenCapture.optional(),
  /**
   * Of a share of a file server: what has the filer make its own snapshot, and drop it. Both run where the server runs, with
   * CML_OPERATION and CML_PART in their environment; `drop` must do nothing when there is none. `path` is where the filer
   * shows it, which nodes must be able to mount.
   */
  snapshot: z
    .strictObject({
      make: words,
      drop: words,
      path: z.string().regex(/^\//, 'a path on the file server begins with /'),
    })
    .optional(),
  /** Only where it cannot be told from the claim and its volume. */
  location: partLocation.optional(),
  /** Of a shared folder: paths below its root that are left out, such as `scratch`. */
  exclude: z.array(z.string().min(1)).default([]),
  /**
   * Whether a restore builds it beside and swaps it in, else it is written in place. Of a folder of a file server outside of
   * the workspace only when this says so: folders may be made beside it and mounted, and nobody but the workspace's own
   * volumes names its path. Of everything else unless this denies it.
   */
  beside: z.boolean().optional(),
  /** Why this part is not captured. */
  leaveOut: z.string().min(1).optional(),
});

/** The `platform` of a workspace on Kubernetes. */
export const kubernetesSettings = z.strictObject({
  kind: z.literal('kubernetes'),
  /** Absent: the usual one, or the one given to the pod we run in. */
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  /**
   * Service account that a restore or an undo writes as, `<namespace>/<name>`; we ask for its tokens. Absent: our own, which
   * then needs all those rights itself.
   */
  restoreAccount: z
    .string()
    .regex(/^[a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9.]*$/, 'write it as <namespace>/<name>')
    .optional(),
  /** Absent: the workspace's name. */
  namespace: workspaceName.optional(),
  /** Pattern of the namespaces of its users; `*` stands for anything. Absent: `<namespace>-user-*`. */
  userNamespaces: z.string().min(1).optional(),
  release: z.union([z.string(), z.number()]).transform(String).optional(),
  /** Services in the order in which they stop; `*` is all that are not named. They start the other way round. */
  order: z.array(z.string().min(1)).optional(),
  /** How long one service may take until its pods are gone, or ready. */
  stopWithin: duration.default(600_000),
  startWithin: duration.default(600_000),
  /** What to do when people's workloads run at the moment of the stop. */
  workloads: z.enum(['wait', 'stop', 'refuse']).default('refuse'),
  waitForWorkloads: duration.default(1_800_000),
  /** Where it is looked up who owns people's workloads. Absent: only what their pods say. */
  owners: z
    .strictObject({
      from: z.literal('database'),
      /** The StatefulSet of the database, and its address. */
      service: objectName.default('db'),
      user: z.string().min(1).default('sense'),
      database: z.string().min(1).default('sense'),
    })
    .optional(),
  /**
   * Rows are counted in the database on both sides of each cut, and again in what a verification brings back. A verification
   * starts the database on the scratch volume, in its own image.
   */
  rows: z
    .strictObject({
      /** The part that holds the database's files. */
      part: partName,
      service: objectName.default('db'),
      user: z.string().min(1).default('sense'),
      database: z.string().min(1).default('sense'),
      tables: z
        .array(z.string().regex(/^[a-z_][a-z0-9_.]*$/i, 'a table is named with letters, digits, dots and underscores'))
        .min(1)
        .default(['users', 'projects', 'jobs', 'applications', 'models']),
    })
    .optional(),
  /** By the name of the claim. */
  parts: z.record(objectName, partSettings).default({}),
  /** By the driver's name; absent: the default class of the driver, or its only one. */
  snapshotClasses: z.record(z.string(), objectName).default({}),
  /** Drivers whose snapshot is only taken when it can be used. */
  cutAt: z.record(z.string(), z.enum(['creationTime', 'readyToUse'])).default({}),
  snapshotWithin: duration.default(120_000),
  /** How long one may take from then until it can be read: a copy to a backup target only can when it was uploaded. */
  usableWithin: duration.default(3_600_000),
  movers: z
    .strictObject({
      /** Absent: the image that we run in. Needs sh, find (GNU) and restic. */
      image: z.string().min(1).optional(),
      /** What the guard's container runs. Absent: the guard at the place where this program itself is installed. */
      guard: words.optional(),
      serviceAccount: objectName.optional(),
      requests: amounts.default({ cpu: '250m', memory: '512Mi' }),
      limits: amounts.default({ memory: '4Gi' }),
      nodeSelector: z.record(z.string(), z.string()).default({}),
      tolerations: z.array(z.looseObject({})).default([]),
      imagePullSecrets: z.array(objectName).default([]),
      /** A Job that runs longer is ended by the cluster. */
      deadline: duration.default(86_400_000),
      /** Absent: as root with CAP_DAC_READ_SEARCH and what restoring owners takes. */
      securityContext: z.looseObject({}).optional(),
    })
    .prefault({}),
  /** A folder of manifests of the newest release; its workloads are applied on a restore instead of the captured ones. */
  releaseBundle: z.string().min(1).optional(),
  /** Run in the place of a verification, in a Job; CML_SCRATCH names the folder of all parts. */
  checks: z.array(z.strictObject({ name: z.string().min(1), command: words })).default([]),
});
export type KubernetesSettings = z.infer<typeof kubernetesSettings>;
