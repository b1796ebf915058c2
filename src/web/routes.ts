import type { Hono } from 'hono';
import { askDelete, askRestore, showDelete, showRestore } from './pages/ask.tsx';
import { askUndo, showUndo } from './pages/ask-undo.tsx';
import { showAudit } from './pages/audit.tsx';
import { pinBackup, showBackup, verifyBackup } from './pages/backup.tsx';
import { showBackups } from './pages/backups.tsx';
import { showFiles } from './pages/files.tsx';
import { followChanges } from './pages/live-list.tsx';
import {
  cancelOperation,
  followOperation,
  postponeOperation,
  showOperation,
  showSteering,
  stopNow,
} from './pages/operation.tsx';
import { showOperations } from './pages/operations.tsx';
import { decideOn, showRequest, withdraw } from './pages/request.tsx';
import { showRequests } from './pages/requests.tsx';
import { showRetention } from './pages/retention.tsx';
import { changeSchedule, showSchedules } from './pages/schedules.tsx';
import { showWorkspace } from './pages/workspace.tsx';
import { backUpWorkspace, showCheck, showDowntimePicture, startWorkspace } from './pages/workspace-changes.tsx';
import { showWorkspaces } from './pages/workspaces.tsx';
import { sendFile } from './send-file.ts';
import { needs, type WebEnv } from './visitor.ts';
import type { WebWorld } from './web-world.ts';

/** What can be looked at: nothing is changed by it. */
export function addPages(app: Hono<WebEnv>, world: WebWorld): void {
  app.get('*', needs('read'));
  app.get('/', showWorkspaces(world));
  app.get('/workspaces/:name', showWorkspace(world));
  app.get('/workspaces/:name/retention', showRetention(world));
  app.get('/workspaces/:name/check', showCheck(world));
  app.get('/workspaces/:name/downtime.svg', showDowntimePicture(world));
  app.get('/backups', showBackups(world));
  app.get('/backups/:id', showBackup(world));
  app.get('/backups/:id/files', needs('files'), showFiles(world));
  app.get('/backups/:id/file', needs('files'), sendFile(world));
  app.get('/backups/:id/restore', showRestore(world));
  app.get('/backups/:id/delete', showDelete(world));
  app.get('/operations', showOperations(world));
  app.get('/operations/:id', showOperation(world));
  app.get('/operations/:id/live', followOperation(world));
  app.get('/operations/:id/steering', showSteering(world));
  app.get('/operations/:id/undo', showUndo(world));
  app.get('/requests', showRequests(world));
  app.get('/requests/:id', showRequest(world));
  app.get('/schedules', showSchedules(world));
  app.get('/audit', showAudit(world));
  app.get('/changes', followChanges(world));
}

/** Each is one verb of the orchestrator, said by the visitor, who needs a scope for it. */
export function addChanges(app: Hono<WebEnv>, world: WebWorld): void {
  const [writes, decides] = [needs('write'), needs('approve')];
  app.post('/workspaces/:name/backup', writes, backUpWorkspace(world));
  app.post('/workspaces/:name/start', writes, startWorkspace(world));
  app.post('/backups/:id/verify', writes, verifyBackup(world));
  app.post('/backups/:id/pin', writes, pinBackup(world, true));
  app.post('/backups/:id/unpin', writes, pinBackup(world, false));
  app.post('/backups/:id/restore', writes, askRestore(world));
  app.post('/backups/:id/delete', writes, askDelete(world));
  app.post('/operations/:id/postpone', writes, postponeOperation(world));
  app.post('/operations/:id/now', writes, stopNow(world));
  app.post('/operations/:id/cancel', writes, cancelOperation(world));
  app.post('/operations/:id/undo', writes, askUndo(world));
  app.post('/schedules', writes, changeSchedule(world));
  app.post('/requests/:id/approve', decides, decideOn(world, { approves: true }));
  app.post('/requests/:id/deny', decides, decideOn(world, { approves: false }));
  app.post('/requests/:id/break-glass', decides, decideOn(world, { approves: true, breakGlass: true }));
  app.post('/requests/:id/withdraw', writes, withdraw(world));
}
