import { resolve } from 'node:path';
import type { ConfigFile } from './config-schema.ts';
import { localFolderOf } from './mover/restic/settings.ts';
import type { WorkspaceSettings } from './records/workspace.ts';

type WorkspaceFile = ConfigFile['workspaces'][string];

/** A workspace's settings with every path made absolute against the folder of the file it was written in. */
export function settingsOf(
  name: string,
  { platform, repository, policy }: WorkspaceFile,
  base: string,
): WorkspaceSettings {
  return { name, platform: absolutePlatform(platform, base), repository: absoluteRepository(repository, base), policy };
}

function absolutePlatform(platform: WorkspaceFile['platform'], base: string): WorkspaceFile['platform'] {
  const part = <P extends WorkspaceFile['platform']['volumes'][number]>(written: P): P => ({
    ...written,
    path: resolve(base, written.path),
    ...(written.snapshot && { snapshot: { ...written.snapshot, path: resolve(base, written.snapshot.path) } }),
  });
  return {
    ...platform,
    services: platform.services.map((service) =>
      service.folder === undefined ? service : { ...service, folder: resolve(base, service.folder) },
    ),
    volumes: platform.volumes.map(part),
    sharedFolders: platform.sharedFolders.map(part),
    // Whoever writes a command beside cml.yaml means it from there, wherever the server was started.
    checks: platform.checks.map((check) => ({ ...check, folder: resolve(base, check.folder ?? '.') })),
    definition: { files: platform.definition.files.map((file) => resolve(base, file)) },
  };
}

function absoluteRepository(repository: WorkspaceFile['repository'], base: string): WorkspaceFile['repository'] {
  const folder = localFolderOf(repository.location);
  return {
    ...repository,
    location: folder === undefined ? repository.location : resolve(base, folder),
    ...(repository.passwordFile !== undefined && { passwordFile: resolve(base, repository.passwordFile) }),
  };
}
