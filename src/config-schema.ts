import { z } from 'zod';
import { slackSettings, slackUserId } from './chat/slack/settings.ts';
import { oneOf } from './config-words.ts';
import { UserError } from './errors.ts';
import { metricsSettings } from './metrics/settings.ts';
import { type ResticSettings, resticSettings } from './mover/restic/settings.ts';
import { personName } from './records/person.ts';
import { retentionRules } from './records/retention.ts';
import { scope, tokenName } from './records/scope.ts';
import { duration, moment } from './records/time.ts';
import { type WorkspacePolicy, workspaceName, workspacePolicy } from './records/workspace.ts';
import { schedulesForAll, workspaceSchedules } from './schedule/settings.ts';
import { readWindow } from './schedule/window.ts';
import { checkZone } from './schedule/zone.ts';
import { webSettings } from './web/settings.ts';
import { type CdpSettings, cdpSettings } from './workspace/cdp/settings.ts';
import { type KubernetesSettings, kubernetesSettings } from './workspace/kubernetes/settings.ts';
import { type LocalSettings, localSettings } from './workspace/local/settings.ts';

/** Hands the value to the schema that its `kind` names, so that mistakes are named where they stand. */
function byKind<T extends { readonly kind: string }>(
  schemas: { readonly [K in T['kind']]: z.ZodType<T & { kind: K }> },
) {
  return z.looseObject({ kind: z.unknown() }).transform((value, context): T => {
    const schema = Object.entries<z.ZodType<T>>(schemas).find(([kind]) => kind === value.kind)?.[1];
    if (!schema) {
      const message = oneOf(value.kind, Object.keys(schemas));
      context.issues.push({ code: 'custom', message, path: ['kind'], input: value.kind });
      return z.NEVER;
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: undefined });
    return z.NEVER;
  });
}

const local = localSettings.refine(
  ({ volumes, sharedFolders }) => volumes.length + sharedFolders.length > 0,
  'there is no volume and no shared folder: nothing would be backed up',
);

/** The rooms that read windows and zones stand higher than the record. */
function checkWorkingHours({ workingHours }: WorkspacePolicy, context: z.RefinementCtx): void {
  if (!workingHours) return;
  const reading = { hours: () => readWindow(workingHours.hours), zone: () => checkZone(workingHours.zone) };
  for (const [key, read] of Object.entries(reading)) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const message = [error.message, error.hint].filter(Boolean).join(' ');
      context.addIssue({ code: 'custom', path: ['workingHours', key], message });
    }
  }
}

const workspace = z.strictObject({
  platform: byKind<LocalSettings | KubernetesSettings | CdpSettings>({
    ...{ local, kubernetes: kubernetesSettings, cdp: cdpSettings },
  }),
  repository: byKind<ResticSettings>({ restic: resticSettings }),
  policy: workspacePolicy.superRefine(checkWorkingHours).prefault({}),
  retention: retentionRules.optional(),
  /** How old the newest completed backup may be before people are told. Absent: by its schedules. */
  rpo: duration.optional(),
  schedules: workspaceSchedules.default({}),
});

/** The SHA-256 of what they show; the token itself is kept by them alone. */
const tokenHash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hex digits, the hash of a token and never the token itself');

/** What a program shows that speaks for somebody; `cml token` writes it. */
const programToken = z.strictObject({
  hash: tokenHash,
  scopes: z.array(scope).min(1),
  until: moment.optional(),
});

/** Of one person, by name: they say no more than their scopes, and log nobody in. */
export const programTokens = z.record(tokenName, programToken);
export type ProgramTokens = z.infer<typeof programTokens>;

const configuredPerson = z.strictObject({
  uid: z.number().int().nonnegative().optional(),
  token: tokenHash.optional(),
  tokens: programTokens.optional(),
  /** The id of their Slack account. */
  slack: slackUserId.optional(),
  /** The subject (`sub`) by which the issuer of web.oidc knows them. */
  oidc: z.string().min(1).max(255).optional(),
  /** By which the issuer may know them too, with web.oidc.matchByEmail. */
  email: z.email().optional(),
});
export type ConfiguredPerson = z.infer<typeof configuredPerson>;

export const logLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent']);

/** The whole of cml.yaml. Paths are still as written. */
export const configFile = z.strictObject({
  data: z.string().min(1),
  notify: z.strictObject({ command: z.array(z.string()).min(1) }).optional(),
  people: z.record(personName, configuredPerson).default({}),
  slack: slackSettings.optional(),
  web: webSettings.optional(),
  metrics: metricsSettings.optional(),
  /** Lets `--as` stand without proof. For demonstrations only. */
  trustBarePeople: z.boolean().default(false),
  workspaces: z
    .record(workspaceName, workspace)
    .refine((workspaces) => Object.keys(workspaces).length > 0, 'no workspace is configured'),
  /** What holds for the schedules of all workspaces. */
  schedules: schedulesForAll.prefault({}),
  logLevel: logLevel.default('info'),
});
export type ConfigFile = z.infer<typeof configFile>;
