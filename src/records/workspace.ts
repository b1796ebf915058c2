import { z } from 'zod';
import { approverName, personName } from './person.ts';
import { retentionRules } from './retention.ts';
import { duration } from './time.ts';

export const workspaceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a workspace is named with lower-case letters, digits and dashes');

export const partName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'a part is named with letters, digits, dots, dashes and underscores');

/** How a part is taken; see docs/architecture.md. `vendor`: by a control plane's own backup, whose content we never see. */
export const capture = z.enum(['snapshot', 'two-pass', 'cold', 'after-start', 'vendor']);
export type Capture = z.infer<typeof capture>;

/** What may be asked for: what only the control plane can take is no choice. */
export const chosenCapture = capture.exclude(['vendor']);
export type ChosenCapture = z.infer<typeof chosenCapture>;

/** `all`, or `5%`: kept as the number of shares that together are everything. */
const shareOfAll = z.union([z.number().int().min(1).max(100), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const percent = value === 'all' ? 100 : Number(/^(\d{1,3})\s?%$/.exec(value)?.[1]);
  if (percent >= 1 && percent <= 100) return Math.ceil(100 / percent);
  context.addIssue({ code: 'custom', message: `"${value}" is no share: write all, or 1% to 100%` });
  return z.NEVER;
});

/** What every workspace has, whatever platform it runs on. Lengths of time are read the human way and kept in ms. */
export const workspacePolicy = z.strictObject({
  /** How long people are warned before services stop. */
  notice: duration.default(600_000),
  /** The whole operation; when it ends, services are up and nothing is listed as completed. Absent: no limit. */
  timeout: duration.optional(),
  /** Services are down no longer than this: the cut is aborted and they are started. */
  downtimeBudget: duration.default(900_000),
  /** The guard acts at downtime budget plus this. */
  guardMargin: duration.default(60_000),
  /** How long what a restore displaced is kept. */
  grace: duration.default(604_800_000),
  /** An approval is asked for this long, and holds this long once given. */
  requestExpiry: duration.default(28_800_000),
  votes: z.number().int().min(1).max(9).default(1),
  /** Who may approve: people, and groups of a chat, whose members are looked up each time. The one who asks never counts. */
  approvers: z.array(approverName).default([]),
  /** Who may approve a restore alone in an emergency, also their own: with a reason, and everyone is told at once. */
  breakGlass: z.array(personName).default([]),
  /** Who may back up, cancel and ask for restores; postponing is everybody's. Absent: everyone whom the server lets in. */
  operators: z.array(personName).optional(),
  /** Who may look into the shared folders of backups and have files of them. Of volumes and the definition: nobody. */
  files: z.array(personName).default([]),
  verify: z
    .strictObject({
      /** How much of the content each verification compares; another share each time, and everything else of all of it. */
      content: shareOfAll.default(1),
      /** One that was found whole is verified again by a schedule once that is so long ago. Absent: never. */
      again: duration.optional(),
    })
    .prefault({}),
  /** Hours in which people work: then nobody but operators may stop services without notice. */
  workingHours: z
    .strictObject({ hours: z.union([z.string(), z.record(z.string(), z.string())]), zone: z.string().min(1) })
    .optional(),
  /** Who may stop services without notice at all. Absent: everybody who may back up, outside of working hours. */
  now: z.enum(['operators', 'nobody']).optional(),
  /** Backups made in a control plane's own page may be deleted here too. Never by retention. */
  deleteVendorBackups: z.boolean().default(false),
  /** Patterns of paths that may be unreadable without making a backup incomplete. */
  acceptUnreadable: z.array(z.string().min(1)).default([]),
});
export type WorkspacePolicy = z.infer<typeof workspacePolicy>;

/**
 * A workspace as configured. `platform` and `repository` belong to their adapters, which export the schemas; the
 * configuration checks them, and a journal keeps its own copy of all of this.
 */
export const workspaceSettings = z.object({
  name: workspaceName,
  platform: z.looseObject({ kind: z.string() }),
  repository: z.looseObject({ kind: z.string() }),
  policy: workspacePolicy,
  /** What may be removed by age and number; absent: nothing. */
  retention: retentionRules.optional(),
});
export type WorkspaceSettings = z.infer<typeof workspaceSettings>;
