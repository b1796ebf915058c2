import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { ConfigSource } from './config.ts';
import { UserError } from './errors.ts';
import { localFolderOf } from './mover/restic/settings.ts';
import { workspaceName } from './records/workspace.ts';

export interface InitWish {
  /** What is to be protected: a folder on this machine, or the namespace of a workspace on a cluster. */
  readonly folder: string;
  readonly platform?: 'local' | 'kubernetes' | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Of movers and the guard. */
  readonly image?: string | undefined;
  readonly workspace?: string | undefined;
  readonly repository?: string | undefined;
  readonly approver?: string | undefined;
}

/** Where everything of a new workspace goes; paths are absolute, a repository elsewhere stays as it was written. */
export interface InitPlaces {
  /** What is to be protected: a folder, or a namespace. */
  readonly folder: string;
  readonly workspace: string;
  readonly config: string;
  /** The folder of the configuration: what is written into it is relative to here. */
  readonly base: string;
  readonly data: string;
  readonly repository: string;
  readonly passwordFile: string;
  readonly secondPasswordFile: string;
  readonly sheet: string;
}

export function configPlace({ path, cwd, environment }: ConfigSource): string {
  return resolve(cwd, path ?? environment.CML_CONFIG ?? 'cml.yaml');
}

/** `data`: the data folder of a configuration that is there already. */
export async function planPlaces(source: ConfigSource, wish: InitWish, data?: string): Promise<InitPlaces> {
  const config = configPlace(source);
  const base = dirname(config);
  const isOnCluster = wish.platform === 'kubernetes';
  const folder = isOnCluster ? wish.folder : await existingFolder(source, wish);
  const workspace = wish.workspace ?? nameFrom(folder);
  if (!workspaceName.safeParse(workspace).success) {
    throw new UserError('bad-input', `"${workspace}" cannot be a workspace's name.`, {
      hint: 'Give one with --workspace.',
    });
  }
  // Each workspace needs a repository of its own.
  const usual = join(base, data === undefined ? 'cml-repository' : `cml-repository-${workspace}`);
  const repository = wish.repository === undefined ? usual : written(wish.repository, source.cwd);
  if (isOnCluster && localFolderOf(repository) !== undefined)
    throw new UserError('bad-input', 'Pods of a cluster cannot reach a folder of this machine.', {
      hint: 'Name a repository that they reach, with --repository: s3:..., rest:..., sftp:... or the like.',
    });
  const dataFolder = data ?? join(base, 'cml-data');
  for (const place of [base, dataFolder, localFolderOf(repository)]) {
    if (place === undefined || isOnCluster || !isInside(place, folder)) continue;
    throw new UserError('bad-input', `${place} is inside ${folder}, which would back up itself.`, {
      hint: 'Run `cml init` from a folder outside of what is to be protected.',
    });
  }
  return {
    ...{ folder, workspace, config, base, repository, data: dataFolder },
    passwordFile: join(dataFolder, 'secrets', `${workspace}.password`),
    secondPasswordFile: join(dataFolder, 'secrets', `${workspace}.second-password`),
    sheet: join(base, `${workspace}-recovery-sheet.txt`),
  };
}

async function existingFolder({ cwd }: ConfigSource, wish: InitWish): Promise<string> {
  const folder = resolve(cwd, wish.folder);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return folder;
  throw new UserError('bad-input', `There is no folder ${folder}.`, {
    hint: 'Name the folder that is to be protected; a namespace of a cluster goes with --platform kubernetes.',
  });
}

function nameFrom(folder: string): string {
  return basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function written(repository: string, cwd: string): string {
  const folder = localFolderOf(repository);
  return folder === undefined ? repository : resolve(cwd, folder);
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !way.startsWith('/'));
}

/** Relative and readable where that is shorter to read; absolute where it would climb. */
export function toWritten(path: string, base: string): string {
  if (!path.startsWith('/')) return path;
  const way = relative(base, path);
  return way.startsWith('..') ? path : `./${way}`;
}
