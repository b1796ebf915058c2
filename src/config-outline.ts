import { z } from 'zod';

/**
 * What the rules between settings look at. It forgives everything, so that they can be checked, and their problems be
 * told, together with mistakes of form elsewhere.
 */
const text = z.string().catch('');
const texts = z.array(text).catch([]);
const absent = z.undefined().catch(undefined);
const optionalText = z.union([z.string(), absent]);

const place = z.object({ name: text, path: text }).catch({ name: '', path: '' });
const named = z.object({ name: text, folder: optionalText }).catch({ name: '', folder: undefined });

const platform = z.object({
  kind: text,
  services: z.array(named).catch([]),
  volumes: z.array(place).catch([]),
  sharedFolders: z.array(place).catch([]),
  definition: z.object({ files: texts }).catch({ files: [] }),
});
const repository = z.object({ location: text, passwordFile: optionalText });
const policy = z.object({
  approvers: texts,
  breakGlass: texts,
  operators: texts,
  files: texts,
  votes: z.number().catch(1),
});

const schedules = z.record(z.string(), z.object({ does: text }).catch({ does: '' }));

const workspace = z.object({
  platform: platform.catch({ kind: '', services: [], volumes: [], sharedFolders: [], definition: { files: [] } }),
  repository: repository.catch({ location: '', passwordFile: undefined }),
  policy: policy.catch({ approvers: [], breakGlass: [], operators: [], files: [], votes: 1 }),
  /** Only whether there is any. */
  retention: z.unknown().optional(),
  schedules: schedules.catch({}),
});
const person = z.object({
  uid: z.union([z.number(), absent]),
  token: optionalText,
  tokens: z.record(z.string(), z.object({ hash: text }).catch({ hash: '' })).catch({}),
  slack: optionalText,
  oidc: optionalText,
  email: optionalText,
});

const oidc = z
  .object({ matchByEmail: z.boolean().catch(false) })
  .optional()
  .catch(undefined);

export const configOutline = z.object({
  data: text,
  web: z.object({ oidc }).catch({}),
  trustBarePeople: z.boolean().catch(false),
  people: z
    .record(
      z.string(),
      person.catch(() => person.parse({})),
    )
    .catch({}),
  workspaces: z
    .record(
      z.string(),
      workspace.catch(() => workspace.parse({})),
    )
    .catch({}),
});
export type ConfigOutline = z.infer<typeof configOutline>;
export type WorkspaceOutline = ConfigOutline['workspaces'][string];
