import type { AuditEntry } from '../records/audit.ts';
import type { Backup } from '../records/backup.ts';
import type { Operation } from '../records/operation.ts';
import type { Request } from '../records/request.ts';

/** A record that could not be read and was set aside; never deleted, never fatal. */
export interface SetAside {
  readonly file: string;
  readonly reason: string;
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
    list(filter?: { readonly workspace?: string; readonly limit?: number }): Promise<Operation[]>;
  };
  readonly backups: {
    save(backup: Backup): Promise<void>;
    get(id: string): Promise<Backup | undefined>;
    /** The conditional write, as for requests: `decide` answers undefined to leave the record as it is, or throws. */
    change(id: string, decide: (now: Backup) => Backup | undefined): Promise<Backup>;
    /** Newest cut first. */
    list(filter?: { readonly workspace?: string; readonly limit?: number }): Promise<Backup[]>;
  };
  readonly requests: {
    save(request: Request): Promise<void>;
    get(id: string): Promise<Request | undefined>;
    /** Newest first. */
    list(filter?: { readonly workspace?: string; readonly status?: Request['status'] }): Promise<Request[]>;
    /**
     * The one conditional write: reads the record, hands it to `decide`, and writes what it answers, with nothing else in
     * between. `decide` answers undefined to leave it as it is, or throws to refuse. Answers what then stands.
     */
    change(id: string, decide: (now: Request) => Request | undefined): Promise<Request>;
  };
  readonly audit: {
    append(entry: AuditEntry): Promise<void>;
    /** Newest first. */
    list(limit: number): Promise<AuditEntry[]>;
  };
  /** Reads everything but the open operations and builds the index. Call once, after recovery has begun. */
  open(): Promise<{ readonly setAside: readonly SetAside[] }>;
}
