import { environmentCrn } from './names.ts';
import type { Backup, Workspace, World } from './world.ts';

/** As the control plane writes them: absent rather than null. */
type Json = Record<string, unknown>;

const word = (world: World, status: string) => world.words.get(status) ?? status;

export function summaryOf(world: World, workspace: Workspace): Json {
  const backups = backupsOf(world, workspace).filter(({ status }) => status === 'backup:finished');
  const last = backups.at(-1);
  const { crn, name, environment, version, creatorCrn, subdomain, failureMessage, isRestored } = workspace;
  return {
    ...{ instanceName: name, environmentName: environment, instanceStatus: word(world, workspace.status), crn },
    ...{ instanceUrl: `https://${subdomain}.apps.example.com`, environmentCrn: environmentCrn(environment) },
    ...{ k8sClusterName: name, creatorCrn, version, httpsEnabled: true, cloudPlatform: 'CDP-PRIVATE' },
    ...{ monitoringEnabled: true, creationDate: workspace.createdAt.toISOString(), isPrivate: true, isRestored },
    ...{ healthInfoLists: [], nfsVersion: '4.1', filesystemID: `nfs.example.com:/export/${name}` },
    upgradeState: { state: version === world.latestVersion ? 'NotAvailable' : 'Available', reason: '' },
    ...(failureMessage === undefined ? {} : { failureMessage }),
    backupMetadata: {
      ...{ backupVaultName: '', isSuccessfulBackupAvailable: backups.length > 0 },
      ...(last ? { lastSuccessfulBackupTime: last.createdAt.toISOString() } : {}),
      ...(workspace.lastBackupStatus ? { lastBackupStatus: word(world, workspace.lastBackupStatus) } : {}),
      numberOfAvailableBackups: backups.length,
    },
  };
}

export function detailOf(world: World, backup: Backup): Json {
  return {
    ...{ backupCrn: backup.crn, backupName: backup.name, createdAt: backup.createdAt.toISOString() },
    ...{ creatorCrn: backup.creatorCrn, workspaceVersionAtBackup: backup.versionAtBackup },
    backupStatus: word(world, backup.status),
  };
}

/** Oldest first. */
export function backupsOf(world: World, { environment, name }: { environment: string; name: string }): Backup[] {
  return [...world.backups.values()].filter(
    (backup) => backup.environment === environment && backup.workspaceName === name,
  );
}
