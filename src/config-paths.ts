import { resolve } from 'node:path';
import type { ConfigFile } from './config-schema.ts';
import { localFolderOf } from './mover/restic/settings.ts';
import type { WorkspaceSettings } from './records/workspace.ts';
import type { WebSettings } from './web/settings.ts';
import type { CdpSettings } from './workspace/cdp/settings.ts';
import type { KubernetesSettings } from './workspace/kubernetes/settings.ts';
import type { LocalSettings } from './workspace/local/settings.ts';

type WorkspaceFile = ConfigFile['workspaces'][string];

/** A workspace's settings with every path made absolute against the folder of the file it was written in. */
export function settingsOf(
  name: string,
  { platform, repository, policy, retention }: WorkspaceFile,
  base: string,
): WorkspaceSettings {
  return {
    ...{ name, policy },
    platform: absolutePlatform(platform, base),
    repository: absoluteRepository(repository, base),
    ...(retention && { retention }),
  };
}

function absolutePlatform(platform: WorkspaceFile['platform'], base: string): WorkspaceFile['platform'] {
  if (platform.kind === 'kubernetes') return absoluteKubernetes(platform, base);
  return platform.kind === 'cdp' ? absoluteControlPlane(platform, base) : absoluteLocal(platform, base);
}

function absoluteControlPlane(platform: CdpSettings, base: string): CdpSettings {
  const { caFile, credentials, ...controlPlane } = platform.controlPlane;
  return {
    ...platform,
    controlPlane: {
      ...controlPlane,
      ...(caFile !== undefined && { caFile: resolve(base, caFile) }),
      credentials: absoluteCredentials(credentials, base),
    },
    ...(platform.workloads && { workloads: absoluteWorkloads(platform.workloads, base) }),
    sharedFolders: platform.sharedFolders.map((part) => absolutePart(part, base)),
  };
}

function absoluteWorkloads<W extends NonNullable<CdpSettings['workloads']>>(
  { keyFile, caFile, ...rest }: W,
  base: string,
) {
  return {
    ...rest,
    keyFile: resolve(base, keyFile),
    ...(caFile !== undefined && { caFile: resolve(base, caFile) }),
  };
}

function absoluteCredentials(
  credentials: CdpSettings['controlPlane']['credentials'],
  base: string,
): CdpSettings['controlPlane']['credentials'] {
  if (credentials.from === 'folder') return { ...credentials, folder: resolve(base, credentials.folder) };
  if (credentials.from === 'environment' || credentials.file === undefined) return credentials;
  return { ...credentials, file: resolve(base, credentials.file) };
}

function absolutePart<P extends Pick<LocalSettings['volumes'][number], 'path' | 'snapshot'>>(
  written: P,
  base: string,
): P {
  return {
    ...written,
    path: resolve(base, written.path),
    ...(written.snapshot && { snapshot: { ...written.snapshot, path: resolve(base, written.snapshot.path) } }),
  };
}

function absoluteKubernetes(platform: KubernetesSettings, base: string): KubernetesSettings {
  const { kubeconfig, releaseBundle } = platform;
  return {
    ...platform,
    ...(kubeconfig !== undefined && { kubeconfig: resolve(base, kubeconfig) }),
    ...(releaseBundle !== undefined && { releaseBundle: resolve(base, releaseBundle) }),
  };
}

function absoluteLocal(platform: LocalSettings, base: string): LocalSettings {
  const part = <P extends LocalSettings['volumes'][number]>(written: P) => absolutePart(written, base);
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

/** The page's settings, with every path made absolute in the same way. */
export function webSettingsOf(web: WebSettings, base: string): WebSettings {
  const { oidc, ...rest } = web;
  if (!oidc) return rest;
  const { clientSecretFile, caFile } = oidc;
  return {
    ...rest,
    oidc: {
      ...oidc,
      ...(clientSecretFile !== undefined && { clientSecretFile: resolve(base, clientSecretFile) }),
      ...(caFile !== undefined && { caFile: resolve(base, caFile) }),
    },
  };
}
