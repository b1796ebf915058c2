import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds. From a stop and start of small services to a night without them. */
const DOWN_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600];
/** Seconds. */
const TAKEN_SECONDS = [10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800];

const ofWorkspace = ['workspace'] as const;

/** Everything that is told. Labels are what the configuration names or a closed list: their number never grows by itself. */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name: `cml_${name}`, help, labelNames: ofWorkspace, registers });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `cml_${name}`, help, labelNames: ofWorkspace, registers });
  const seconds = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `cml_${name}`, help, labelNames: ofWorkspace, buckets, registers });
  const plain = (name: string, help: string) => new Gauge({ name: `cml_${name}`, help, registers });

  return {
    // Names as Velero has them, so that its dashboards and rules read the same.
    backupAttempts: counter('backup_attempt_total', 'Backups begun since the server started'),
    backupSuccesses: counter('backup_success_total', 'Backups that completed'),
    backupPartialFailures: counter('backup_partial_failure_total', 'Backups that ended incomplete; none is offered'),
    backupValidationFailures: counter('backup_validation_failure_total', 'Backups that preflight refused'),
    backupFailures: counter('backup_failure_total', 'Backups that failed otherwise'),
    backupCancels: counter('backup_cancel_total', 'Backups that people cancelled'),
    backupWarnings: counter('backup_warning_total', 'Warnings of backups that completed'),
    backupSeconds: seconds('backup_duration_seconds', 'How long backups took, countdown and all', TAKEN_SECONDS),
    backups: gauge('backup_total', 'Completed backups in the catalog'),
    lastBackupAt: gauge('backup_last_successful_timestamp', 'When the newest completed backup was cut, unix time'),
    lastBackupStatus: gauge('backup_last_status', '1 when the last backup that ended completed, else 0'),
    lastBackupFiles: gauge('backup_items_total', 'Files in the newest completed backup'),
    lastBackupUnreadable: gauge('backup_items_errors', 'Accepted unreadable paths in the newest completed backup'),
    lastBackupBytes: gauge('backup_size_bytes', 'Bytes in the newest completed backup'),
    lastBackupAdded: gauge('backup_added_bytes', 'Bytes that it added to the repository'),
    deletionAttempts: counter('backup_deletion_attempt_total', 'Deletions of backups begun'),
    deletionSuccesses: counter('backup_deletion_success_total', 'Deletions of backups that were finished'),
    deletionFailures: counter('backup_deletion_failure_total', 'Deletions of backups that failed'),
    restoreAttempts: counter('restore_attempt_total', 'Restores and undos begun'),
    restoreSuccesses: counter('restore_success_total', 'Restores and undos that succeeded'),
    restoreValidationFailures: counter('restore_validation_failed_total', 'Restores that preflight refused'),
    restoreFailures: counter('restore_failed_total', 'Restores and undos that failed otherwise'),
    restoreCancels: counter('restore_cancel_total', 'Restores and undos that people cancelled'),
    restoreSeconds: seconds('restore_duration_seconds', 'How long restores took, countdown and all', TAKEN_SECONDS),
    snapshotAttempts: counter('csi_snapshot_attempt_total', 'Cuts that took snapshots'),
    snapshotSuccesses: counter('csi_snapshot_success_total', 'Cuts whose snapshots were all made'),
    snapshotFailures: counter('csi_snapshot_failure_total', 'Cuts whose snapshots were not all made'),
    uploadSuccesses: counter('data_upload_success_total', 'Copies into the repository that were made'),
    uploadFailures: counter('data_upload_failure_total', 'Copies into the repository that failed'),
    uploadCancels: counter('data_upload_cancel_total', 'Copies into the repository that were cancelled'),
    downloadSuccesses: counter('data_download_success_total', 'Copies that were brought back'),
    downloadFailures: counter('data_download_failure_total', 'Copies that could not be brought back'),
    downloadCancels: counter('data_download_cancel_total', 'Copies whose bringing back was cancelled'),
    verifySuccesses: counter('verify_success_total', 'Backups that were restored into a scratch place and found whole'),
    verifyFailures: counter('verify_failure_total', 'Verifications that failed'),

    maintenanceSuccesses: counter('repo_maintenance_success_total', 'Prunes and checks of repositories that succeeded'),
    maintenanceFailures: counter('repo_maintenance_failure_total', 'Prunes and checks of repositories that failed'),
    maintenanceSeconds: seconds('repo_maintenance_duration_seconds', 'How long prunes and checks took', TAKEN_SECONDS),
    // What no other backup system tells.
    downSeconds: seconds('downtime_seconds', 'How long an operation had services down', DOWN_SECONDS),
    lastDownSeconds: gauge('last_downtime_seconds', 'How long the last operation that stopped services had them down'),
    stoppedSeconds: gauge('services_stopped_seconds', 'How long a running operation has had services down; else 0'),
    servicesDown: gauge('services_down', 'Services that do not run, looked at about once a minute'),
    unseen: gauge('workspace_unseen', '1 when nobody could look at the workspace the last time'),
    lastVerifiedAt: gauge(
      'last_verified_timestamp',
      'When a backup was last proven by restoring it; 0: not in the newest',
    ),
    overdue: gauge('overdue', '1 when the newest backup is older than its RPO; paused ones never are'),
    rpoSeconds: gauge('rpo_seconds', 'How old the newest backup may be'),
    approvalWait: gauge('approval_wait_seconds', 'How long the oldest request waits for a decision; else 0'),
    requestsPending: gauge('requests_pending', 'Requests that wait for a decision'),
    retentionOff: gauge('retention_off', '1 while nothing may be removed until a person confirms the catalog'),
    running: gauge('operations_running', '1 while an operation runs in the workspace'),
    lastTick: plain('last_tick', 'When the scheduler last looked at its schedules, unix time; 0: not yet'),
    chatTrouble: plain('chat_trouble', '1 while people cannot be told everything'),
    ready: plain('ready', '1 once recovery is over and the doors are open'),
  };
}
export type Instruments = ReturnType<typeof createInstruments>;
