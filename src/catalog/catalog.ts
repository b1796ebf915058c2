import type { Activity } from '../records/activity.ts';
import type { AuditEntry } from '../records/audit.ts';
import type { Backup } from '../records/backup.ts';
import type { WorkspaceMarks } from '../records/marks.ts';
import type { Operation } from '../records/operation.ts';
import type { Request } from '../records/request.ts';
import type { ScheduleState } from '../records/schedule-state.ts';
import type { PlaceInTime } from './age-cursor.ts';
import type { BackupPage, BackupQuery } from './backup-query.ts';

/** A record that could not be read and was set aside; never deleted, never fatal. */
export interface SetAside {
  readonly file: string;
  readonly reason: string;
}

/** A record in a few words. */
export interface Known {
  readonly id: string;
  readonly workspace: string;
}

export interface KnownBackup extends Known {
  readonly name?: string | undefined;
  readonly status: Backup['status'];
}

export interface BackupFilter {
  readonly workspace?: string;
  readonly status?: Backup['status'] | readonly Backup['status'][];
  /** Those that name any of these copies. May answer a few others too: look at what they name. */
  readonly copies?: readonly string[];
  readonly limit?: number;
}

export interface OperationFilter {
  readonly workspace?: string;
  /** Only those that come behind it: by when they began. */
  readonly after?: PlaceInTime;
  readonly limit?: number;
}

export interface RequestFilter {
  readonly workspace?: string;
  readonly status?: Request['status'] | readonly Request['status'][];
  readonly backupId?: string;
  /** Only those that come behind it: by when they were asked for. */
  readonly after?: PlaceInTime;
  readonly limit?: number;
}

export interface AuditQuery {
  readonly workspace?: string | undefined;
  readonly by?: string | undefined;
  readonly subject?: string | undefined;
  /** What a newer page answered as `next`. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where older ones may be. A page may have fewer entries than asked for, and yet not be the last. */
  readonly next?: string;
}

/**
 * Everything we remember. A write resolves only when it would survive a power cut; it never leaves a torn record.
 * Rejects with `PortError` `catalog-unavailable`, or `disk-full` when there is no room.
 */
export interface Catalog {
  readonly operations: {
    /** Operations that have not been closed, oldest first. Works without reading anything else, even before `open`. */
    listOpen(): Promise<Operation[]>;
    /**
     * Creates or replaces. An operation stays open until `close`. Creating one keeps room for what brings operations to
     * their end, and is refused where there is none; only a save `toEnd` may use that room.
     */
    save(operation: Operation, options?: { readonly toEnd: boolean }): Promise<void>;
    /** Moves an ended operation away from the open ones. May be repeated. */
    close(id: string): Promise<void>;
    get(id: string): Promise<Operation | undefined>;
    /** Newest first. */
    list(filter?: OperationFilter): Promise<Operation[]>;
    /** Every operation in a few words, newest first, without reading it. Answered quickly however many there are. */
    known(): Promise<readonly Known[]>;
  };
  readonly backups: {
    save(backup: Backup): Promise<void>;
    get(id: string): Promise<Backup | undefined>;
    /** The conditional write, as for requests: `decide` answers undefined to leave the record as it is, or throws. */
    change(id: string, decide: (now: Backup) => Backup | undefined): Promise<Backup>;
    /** Newest cut first. Reads no more records than it answers. */
    list(filter?: BackupFilter): Promise<Backup[]>;
    /** A page of what matches, found without reading more records than it answers. @throws UserError `bad-input`. */
    page(query: BackupQuery): Promise<BackupPage>;
    /** As for operations; of all workspaces or one. */
    known(workspace?: string): Promise<readonly KnownBackup[]>;
  };
  readonly requests: {
    save(request: Request): Promise<void>;
    get(id: string): Promise<Request | undefined>;
    /** Newest first. */
    list(filter?: RequestFilter): Promise<Request[]>;
    /** As for operations. */
    known(): Promise<readonly Known[]>;
    /**
     * The one conditional write: reads the record, hands it to `decide`, and writes what it answers, with nothing else in
     * between. `decide` answers undefined to leave it as it is, or throws to refuse. Answers what then stands.
     */
    change(id: string, decide: (now: Request) => Request | undefined): Promise<Request>;
  };
  /** What is remembered of a workspace beside its records; a workspace that was never marked has empty marks. */
  readonly marks: {
    get(workspace: string): Promise<WorkspaceMarks>;
    /** The conditional write, as for requests. */
    change(workspace: string, decide: (now: WorkspaceMarks) => WorkspaceMarks | undefined): Promise<WorkspaceMarks>;
  };
  /** What people ran in a workspace, hour by hour; one that was never looked at has no weeks. */
  readonly activity: {
    get(workspace: string): Promise<Activity>;
    /** Reads, hands it to `change` and writes what it answers, with nothing else in between. */
    change(workspace: string, change: (now: Activity) => Activity): Promise<Activity>;
  };
  /** What is remembered of each schedule; one that was never looked at has an empty state. */
  readonly schedules: {
    get(id: string): Promise<ScheduleState>;
    /** Those that were ever looked at, in the order of their ids. */
    list(): Promise<ScheduleState[]>;
    /** The conditional write, as for requests. */
    change(id: string, decide: (now: ScheduleState) => ScheduleState | undefined): Promise<ScheduleState>;
  };
  readonly audit: {
    append(entry: AuditEntry): Promise<void>;
    /** Newest first. */
    list(limit: number): Promise<AuditEntry[]>;
    /** The same a page at a time. @throws UserError `bad-input`. */
    page(query: AuditQuery): Promise<AuditPage>;
  };
  /** Reads everything but the open operations and builds the index. Call once, after recovery has begun. */
  open(): Promise<{ readonly setAside: readonly SetAside[] }>;
  /** What stands aside, until someone takes it away. */
  setAside(): Promise<readonly SetAside[]>;
}
