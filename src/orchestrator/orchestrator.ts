import type { RereadPace } from '../backup/plan-reread.ts';
import type { RetentionPlan } from '../backup/retention.ts';
import type { BackupPage, BackupQuery } from '../catalog/backup-query.ts';
import type { AuditPage, AuditQuery, RequestFilter } from '../catalog/catalog.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Backup } from '../records/backup.ts';
import type { Operation, OperationView } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { BackupPlan, DeletePlan, RestorePlan, UndoPlan } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import type { ScheduleState } from '../records/schedule-state.ts';
import type { Fired, Scheduled } from '../schedule/schedule.ts';
import { policyNow } from './approvers.ts';
import { backUpAsScheduled } from './back-up-as-scheduled.ts';
import { type BackupFolder, browseBackup, type FolderWish } from './browse-backup.ts';
import { type CatalogCheck, checkCatalog, removeOrphans } from './check-catalog.ts';
import { checkWorkspace, type Finding } from './check-workspace.ts';
import { type Decision, decide } from './decide.ts';
import { sayDigest } from './digest.ts';
import { type Download, downloadFile, type FileWish, type FoundFile, findFile } from './download-file.ts';
import { createEndWatch } from './end-watch.ts';
import { createExpiries, type Expiry } from './expiry.ts';
import { findBackup } from './find.ts';
import { createLeftCopies, noteLeftCopies } from './forget-left-copies.ts';
import { freshnessOf, tellOverdue, type WorkspaceFreshness } from './freshness.ts';
import { applyRetention, checkRepository, planRetention, prune } from './keep-repository.ts';
import { type ListFilter, listOperations } from './list-operations.ts';
import { type Glance, glanceAtAll, listBackups, lookAt, type Subject, viewOf } from './look.ts';
import { type Login, noteLogin } from './note-login.ts';
import { onceFree } from './once-free.ts';
import { type LogLine, readLog } from './operation-log.ts';
import {
  listRequests,
  type OperationPage,
  type PageWish,
  pageAudit,
  pageBackups,
  pageOperations,
  pageRequests,
  type RequestPage,
} from './pages.ts';
import { setPin } from './pin.ts';
import { type QuietHoursFound, sampleWorkloads, suggestQuietHours } from './quiet-hours.ts';
import { createReaders } from './readers.ts';
import { confirmCatalog, type Rebuilt, rebuildCatalog } from './rebuild-catalog.ts';
import { recover, takeTurns, wrapUp } from './recover.ts';
import { reportCatalog } from './report-catalog.ts';
import { type BackupWish, planOnly, requestBackup } from './request-backup.ts';
import { type DeleteWish, planDelete, requestDelete } from './request-delete.ts';
import { planRestore, type RestoreWish, requestRestore } from './request-restore.ts';
import { planUndo, requestUndo, type UndoWish } from './request-undo.ts';
import { requestVerify, verifyNewest } from './request-verify.ts';
import { createRoom, type OrchestratorWorld } from './room.ts';
import { findBegun, lengthsOf } from './schedule-lengths.ts';
import { createScheduledTurns } from './scheduled-turns.ts';
import {
  listSchedules,
  pauseSchedules,
  resumeSchedules,
  runNow,
  type ScheduleView,
  type ScheduleWish,
  skipNext,
} from './schedules.ts';
import {
  countBackups,
  countServicesDown,
  findWaiting,
  lookAtRecords,
  lookAtSchedules,
  type Standing,
  type Waiting,
} from './standing.ts';
import { type BroughtUp, startServices } from './start-services.ts';
import { cancel, postpone } from './steer.ts';
import { sweep } from './sweep.ts';
import { createVendorSweep } from './vendor-sweep.ts';
import { type Kept, whereKept } from './where-kept.ts';

/** The one door: everything that people and schedules ask for comes through here. */
export interface Orchestrator {
  requestBackup(person: Person, wish: BackupWish): Promise<RunningOperation>;
  planBackup(wish: BackupWish): Promise<BackupPlan>;
  /** A backup as its schedule declares it: in its turn when it is due, at once when a person asks. */
  backUpAsScheduled(person: Person, schedule: Scheduled, slotAt: Date): Promise<Fired>;
  /** Does what is due once nothing else is done in its workspace; at once when a person asks for it. */
  onceFree(person: Person, schedule: Scheduled, slotAt: Date, run: () => Promise<Fired>): Promise<Fired>;
  requestRestore(person: Person, wish: RestoreWish): Promise<Request>;
  planRestore(person: Person, wish: RestoreWish): Promise<{ backup: Backup; plan: RestorePlan }>;
  requestUndo(person: Person, wish: UndoWish): Promise<Request>;
  planUndo(operation: string): Promise<UndoPlan>;
  requestDelete(person: Person, wish: DeleteWish): Promise<Request>;
  planDelete(backup: string): Promise<DeletePlan>;
  requestVerify(person: Person, backup: string): Promise<RunningOperation>;
  /** Of the newest completed backup; refused as nothing to do when that one is known to be whole. */
  verifyNewest(person: Person, workspace: string, reason?: string): Promise<RunningOperation>;
  /** Whether newest backups are younger than they may be; of all workspaces, or one. */
  freshness(workspace?: string): Promise<WorkspaceFreshness[]>;
  /** Tells people what is overdue, as often as they want to hear it. */
  tellOverdue(): Promise<readonly WorkspaceFreshness[]>;
  /** Tells people what the week was and what the next one brings; answers at how many places. */
  sayDigest(): Promise<number>;
  /** What the rules of retention keep and what would go, with the reasons. */
  planRetention(workspace: string): Promise<RetentionPlan>;
  /** Removes the backups that no rule keeps; nobody has to approve what the configuration says. */
  applyRetention(person: Person, workspace: string, reason?: string): Promise<RunningOperation>;
  /** Gives back the space in the repository of what was removed. */
  prune(person: Person, workspace: string, reason?: string): Promise<RunningOperation>;
  /** Reads the share of the repository that is due. */
  checkRepository(
    person: Person,
    workspace: string,
    options?: { readonly pace?: RereadPace; readonly reason?: string },
  ): Promise<RunningOperation>;
  /** A folder of what a backup has of the shared folders; for those whom `policy.files` names. */
  browseBackup(person: Person, wish: FolderWish, leave?: AbortSignal): Promise<BackupFolder>;
  /** What a download of it would be. Nothing is read of it. */
  findFile(person: Person, wish: FileWish, leave?: AbortSignal): Promise<FoundFile>;
  /** Stands in the audit trail before its first byte. Whoever takes it reads its body, or cancels it. */
  downloadFile(person: Person, wish: FileWish, leave?: AbortSignal): Promise<Download>;
  /** Where the copies of a workspace are; absent when it is not configured any more. */
  whereKept(workspace: string): Kept | undefined;
  /** How long each of these stays, by their ids. Of a single one it is found out whatever that costs. */
  expiryOf(backups: readonly Backup[]): Promise<ReadonlyMap<string, Expiry>>;
  /** What an operation wrote down of itself, oldest first. @throws UserError `unknown-operation`. */
  readLog(operation: string): Promise<LogLine[]>;
  /** Who may look into the backups of a workspace. */
  fileReaders(workspace: string): readonly string[];
  setPin(person: Person, backup: string, pin: { pinned: boolean; reason?: string | undefined }): Promise<Backup>;
  decide(person: Person, decision: Decision): Promise<{ request: Request; running: RunningOperation | undefined }>;
  cancel(person: Person, subject: string, reason?: string): Promise<{ operation: Operation } | { request: Request }>;
  /** `now`: nobody waits any longer; for operators. */
  postpone(person: Person, subject: string, by: number | 'now'): Promise<Date>;
  startServices(person: Person, workspace: string): Promise<BroughtUp>;
  checkWorkspace(workspace: string): Promise<Finding[]>;
  lookAt(subject?: string): Promise<Subject>;
  /** Every workspace, as far as the records tell: cheap enough to be drawn again and again. */
  glance(): Promise<Glance[]>;
  listBackups(filter: { workspace?: string | undefined; limit?: number | undefined }): Promise<Backup[]>;
  listOperations(filter: ListFilter): Promise<OperationView[]>;
  pageBackups(query: BackupQuery): Promise<BackupPage>;
  pageAudit(query: AuditQuery): Promise<AuditPage>;
  pageOperations(wish: PageWish): Promise<OperationPage>;
  pageRequests(wish: PageWish & { readonly status?: Request['status'] | undefined }): Promise<RequestPage>;
  listRequests(filter: RequestFilter & { readonly limit: number }): Promise<Request[]>;
  /** Compares catalog and repository. Disturbs nobody, changes nothing. */
  checkCatalog(workspace: string): Promise<CatalogCheck>;
  /** The same, and tells people what does not fit. */
  reportCatalog(workspace: string): Promise<CatalogCheck>;
  /** The same, then drops the copies that nobody needs. `confirm`: the workspace's name, repeated by the person. */
  removeOrphans(person: Person, workspace: string, confirm?: string): Promise<CatalogCheck>;
  rebuildCatalog(person: Person, workspace: string): Promise<Rebuilt>;
  /** Lets retention go on; answers whether it was off. */
  confirmCatalog(person: Person, workspace: string): Promise<boolean>;
  /** In the audit trail. */
  noteLogin(login: Login): Promise<void>;
  /** Who may decide on requests of a workspace now. */
  approvers(workspace: string): Promise<readonly string[]>;
  /** The workspaces that are configured. */
  workspaces(): readonly string[];
  /** Once an hour: notes how many workloads run in each workspace; answers in how many that could be seen. */
  sampleWorkloads(): Promise<number>;
  /** When a backup disturbs the fewest. @throws UserError `nothing-to-do` when too few hours were looked at. */
  suggest(workspace: string): Promise<QuietHoursFound>;
  /** What the records say of one workspace, for those who look whether all is well. */
  standing(workspace: string): Promise<Standing>;
  /** @throws PortError when nobody can look at it now. */
  countServicesDown(workspace: string): Promise<number>;
  /** Completed ones, by workspace. */
  countBackups(): Promise<ReadonlyMap<string, number>>;
  /** Requests that wait for a decision, by workspace. */
  findWaiting(): Promise<ReadonlyMap<string, Waiting>>;
  /** What became of the schedules that are configured. */
  lookAtSchedules(): Promise<ScheduleState[]>;
  /** Told of every operation that has ended, also of one that was unwound at boot. */
  onEnd(listener: (operation: Operation, view: OperationView) => void): void;
  running(): readonly RunningOperation[];
  /** False for a server that a word started for itself. */
  isResident(): boolean;
  /** The operation that stands on record for a slot of a schedule. */
  findBegun(schedule: Scheduled, slotAt: Date): Promise<string | undefined>;
  /** How long people are warned of a schedule's runs, and how long one takes by past runs. */
  lengthsOf(schedule: Scheduled): ReturnType<typeof lengthsOf>;
  listSchedules(wish: ScheduleWish): Promise<ScheduleView[]>;
  pauseSchedules(person: Person, wish: ScheduleWish, reason?: string): Promise<ScheduleView[]>;
  resumeSchedules(person: Person, wish: ScheduleWish): Promise<ScheduleView[]>;
  skipNext(person: Person, wish: ScheduleWish): Promise<ScheduleView>;
  runNow(person: Person, wish: ScheduleWish): Promise<{ id: string; fired: Fired }>;
  /** Nothing runs, and of what ended everybody was told. */
  isIdle(): boolean;
  /** At boot, before anything else: takes up what an earlier life left open. */
  recover(): Promise<readonly RunningOperation[]>;
  /** Once the catalog is open: approved restores that waited get their turn. */
  takeTurns(): Promise<void>;
  /** Now and then: lets requests expire and drops what restores displaced when its time has passed. */
  sweep(): Promise<void>;
  /** Before the process ends: services that are down come up. */
  wrapUp(): Promise<void>;
}

export function createOrchestrator(world: OrchestratorWorld): Orchestrator {
  const room = createRoom(world);
  const ends = createEndWatch(room);
  const turns = createScheduledTurns(room, ends);
  const reading = { room, readers: createReaders() };
  const forgetLeftCopies = createLeftCopies(room);
  const lookAtVendor = createVendorSweep(room);
  room.onEnd((_, operation) => void (operation && noteLeftCopies(room, operation).catch(world.onBug)));
  return {
    requestBackup: (person, wish) => requestBackup(room, person, wish),
    backUpAsScheduled: (person, schedule, slotAt) => backUpAsScheduled({ room, turns }, person, schedule, slotAt),
    onceFree: (person, schedule, slotAt, run) => onceFree({ room, ends }, { person, schedule, slotAt }, run),
    planBackup: (wish) => planOnly(room, wish),
    requestRestore: (person, wish) => requestRestore(room, person, wish),
    planRestore: (person, wish) => planRestore(room, person, wish),
    requestUndo: (person, wish) => requestUndo(room, person, wish),
    planUndo: (operation) => planUndo(room, operation),
    requestDelete: (person, wish) => requestDelete(room, person, wish),
    planDelete: async (wanted) => planDelete(room, await findBackup(room, wanted)),
    requestVerify: (person, backup) => requestVerify(room, person, backup),
    verifyNewest: (person, workspace, reason) => verifyNewest(room, person, workspace, reason),
    freshness: (workspace) => freshnessOf(room, workspace),
    tellOverdue: () => tellOverdue(room),
    sayDigest: () => sayDigest(room),
    planRetention: (workspace) => planRetention(room, workspace),
    applyRetention: (person, workspace, reason) => applyRetention(room, person, workspace, reason),
    prune: (person, workspace, reason) => prune(room, person, workspace, reason),
    checkRepository: (person, workspace, options) => checkRepository(room, person, workspace, options),
    browseBackup: (person, wish, leave) => browseBackup(reading, person, wish, leave),
    findFile: (person, wish, leave) => findFile(reading, person, wish, leave),
    downloadFile: (person, wish, leave) => downloadFile(reading, person, wish, leave),
    whereKept: (workspace) => whereKept(room, workspace),
    expiryOf: createExpiries(room),
    readLog: (operation) => readLog(room, operation),
    fileReaders: (workspace) => room.settingsOf(workspace).policy.files,
    setPin: (person, backup, pin) => setPin(room, person, backup, pin),
    decide: (person, decision) => decide(room, person, decision),
    cancel: (person, subject, reason) => cancel(room, person, subject, reason),
    postpone: (person, subject, by) => postpone(room, person, subject, by),
    startServices: (person, workspace) => startServices(room, person, workspace),
    checkWorkspace: (workspace) => checkWorkspace(room, workspace),
    lookAt: (subject) => lookAt(room, subject),
    glance: () => glanceAtAll(room),
    listBackups: (filter) => listBackups(room, filter),
    listOperations: (filter) => listOperations(room, filter),
    pageBackups: (query) => pageBackups(room, query),
    pageAudit: (query) => pageAudit(room, query),
    pageOperations: (wish) => pageOperations(room, wish),
    pageRequests: (wish) => pageRequests(room, wish),
    listRequests: (filter) => listRequests(room, filter),
    checkCatalog: (workspace) => checkCatalog(room, workspace),
    reportCatalog: (workspace) => reportCatalog(room, workspace),
    removeOrphans: (person, workspace, confirm) => removeOrphans(room, person, workspace, confirm),
    rebuildCatalog: (person, workspace) => rebuildCatalog(room, person, workspace),
    confirmCatalog: (person, workspace) => confirmCatalog(room, person, workspace),
    noteLogin: (login) => noteLogin(room, login),
    approvers: async (workspace) => (await policyNow(room, room.settingsOf(workspace))).approvers,
    workspaces: () => Object.keys(world.workspaces),
    sampleWorkloads: () => sampleWorkloads(room),
    suggest: (workspace) => suggestQuietHours(room, workspace),
    standing: (workspace) => lookAtRecords(room, workspace),
    countServicesDown: (workspace) => countServicesDown(room, workspace),
    countBackups: () => countBackups(room),
    findWaiting: () => findWaiting(room),
    lookAtSchedules: () => lookAtSchedules(room),
    onEnd: (listener) => room.onEnd((_, ended) => ended && listener(ended, viewOf(room, ended))),
    running: () => room.running(),
    isResident: () => world.isResident !== false,
    findBegun: (schedule, slotAt) => findBegun(room, schedule, slotAt),
    lengthsOf: (schedule) => lengthsOf(room, schedule),
    listSchedules: (wish) => listSchedules(room, wish),
    pauseSchedules: (person, wish, reason) => pauseSchedules(room, person, wish, reason),
    resumeSchedules: (person, wish) => resumeSchedules(room, person, wish),
    skipNext: (person, wish) => skipNext(room, person, wish),
    runNow: (person, wish) => runNow(room, person, wish),
    isIdle: () => room.isIdle(),
    recover: () => recover(room),
    takeTurns: () => takeTurns(room),
    sweep: () => sweep(room, forgetLeftCopies, lookAtVendor),
    wrapUp: () => wrapUp(room),
  };
}
