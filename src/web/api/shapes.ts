import { z } from 'zod';
import { auditEntry as auditRecord } from '../../records/audit.ts';
import { backup as backupRecord } from '../../records/backup.ts';
import { backupId, operationId, requestId } from '../../records/ids.ts';
import { operation, operationView as viewRecord } from '../../records/operation.ts';
import { personName } from '../../records/person.ts';
import { backupPlan, deletePlan, restorePlan, serviceState, undoPlan } from '../../records/plan.ts';
import { request as requestRecord } from '../../records/request.ts';
import { scheduleName, scheduleState } from '../../records/schedule-state.ts';
import { moment } from '../../records/time.ts';
import { capture, workspaceName } from '../../records/workspace.ts';
import { scheduleTask } from '../../schedule/settings.ts';

/** Records as answers hold them: in the document each stands once, under this name. */
const auditEntry = auditRecord.meta({ id: 'AuditEntry' });
const backup = backupRecord.meta({ id: 'Backup' });
export const operationView = viewRecord.meta({ id: 'Operation' });
const request = requestRecord.meta({ id: 'Request' });

/** Answers that are more than one record. Lengths of time are in milliseconds, sizes in bytes. */

const freshness = z.discriminatedUnion('is', [
  z.object({ is: z.literal('unwatched') }),
  z.object({ is: z.literal('paused'), by: personName, at: moment, reason: z.string().optional() }),
  z.object({ is: z.enum(['fresh', 'overdue']), rpoMs: z.number(), dueAt: moment }),
]);

const trouble = z.object({ message: z.string(), hint: z.string().optional() });

const workspaceState = z
  .object({
    workspace: workspaceName,
    operation: operationView.optional(),
    lastBackup: backup.optional(),
    freshness,
    requests: z.array(request),
    services: z.array(serviceState),
    unseen: trouble.optional(),
    failed: z.array(operationView),
    retentionOff: z.object({ since: moment, because: z.string() }).optional(),
    stoppedBy: z.string().optional(),
  })
  .meta({ id: 'Workspace' });
export const workspaces = z.object({ workspaces: z.array(workspaceState) });

/** Absent on the last page. */
const next = z.string().optional().meta({ description: 'Ask for the next page with it as cursor; none on the last' });
export const backups = z.object({ backups: z.array(backup), next });
export const operations = z.object({ operations: z.array(operationView), next });
export const requests = z.object({ requests: z.array(request), next });
export const audit = z.object({ entries: z.array(auditEntry), next });

export const oneBackup = z.object({ backup });
export const oneRequest = z.object({ request });
export const oneOperation = z.object({
  operation: operationView,
  backup: backup.optional(),
  restore: z.looseObject({ status: viewRecord.shape.status, downtimeMs: z.number() }).optional(),
});
export const begun = z.object({ operation: operationView });
export const decided = z.object({ request, operation: operationView.optional() });
export const cancelled = z.union([
  z.object({ operation: z.object({ id: operationId, workspace: workspaceName }) }),
  z.object({ request: z.object({ id: requestId, status: z.string() }) }),
]);
export const postponed = z.object({ stopsAt: moment });
export const started = z.object({
  workspace: workspaceName,
  services: z.array(z.string()),
  putBack: z.array(z.string()),
  readyAt: moment,
});
export const plannedBackup = z.object({ plan: backupPlan.meta({ id: 'BackupPlan' }) });
export const plannedRestore = z.object({ plan: restorePlan.meta({ id: 'RestorePlan' }) });
export const plannedDelete = z.object({ plan: deletePlan.meta({ id: 'DeletePlan' }) });
export const plannedUndo = z.object({ plan: undoPlan.meta({ id: 'UndoPlan' }) });

const finding = z.object({ about: z.string(), state: z.enum(['good', 'warning', 'bad']), says: z.string() });
export const findings = z.object({ workspace: workspaceName, ready: z.boolean(), findings: z.array(finding) });

const judged = z.array(z.object({ id: backupId, takenAt: moment, because: z.array(z.string()) }));
export const retention = z.object({ workspace: workspaceName, kept: judged, goes: judged });

const schedule = z.object({
  id: z.string(),
  name: scheduleName,
  workspace: workspaceName.optional(),
  does: scheduleTask,
  settings: z.object({
    does: scheduleTask,
    when: z.string(),
    zone: z.string(),
    window: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
    blackout: z.array(z.string()),
    notice: z.number().optional(),
    capture: capture.optional(),
    timeout: z.number().optional(),
    jitter: z.number(),
    tooLong: z.enum(['start', 'put-off']),
    misfire: z.enum(['run', 'report']),
    // biome-ignore lint/suspicious/noThenProperty: it holds a word and never a function, as in cml.yaml
    workloads: z.object({ waitFor: z.number(), then: z.enum(['stop', 'put-off']) }).optional(),
    rereadWithin: z.number().optional(),
  }),
});

const scheduleView = z
  .object({
    schedule,
    words: z.string(),
    next: z.array(z.object({ slotAt: moment, at: moment })),
    state: scheduleState,
    last: operation.pick({ id: true, status: true, error: true, startedAt: true, endedAt: true }).optional(),
  })
  .meta({ id: 'Schedule' });
export const schedules = z.object({ schedules: z.array(scheduleView), isResident: z.boolean() });
export const changedSchedules = z.object({ schedules: z.array(scheduleView) });
export const fired = z.object({
  schedule: z.string(),
  status: z.enum(['launched', 'done', 'skipped', 'put-off']),
  operationId: operationId.optional(),
  because: z.string().optional(),
});
