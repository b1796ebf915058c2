import type { BackupPage, BackupQuery } from '../catalog/backup-query.ts';
import type { AuditPage, AuditQuery, RequestFilter } from '../catalog/catalog.ts';
import type { Request } from '../records/request.ts';
import { underRulesOfNow } from './look.ts';
import type { Room } from './room.ts';

/** As many as one look may ask for. */
const MOST = 500;

const atMost = (limit: number) => Math.max(1, Math.min(limit, MOST));

/** A page of the catalog. Without a status what is deleted is left out. */
export async function pageBackups(room: Room, query: BackupQuery): Promise<BackupPage> {
  const status = query.status ?? ['completed', 'incomplete', 'deleting'];
  return room.world.catalog.backups.page({ ...query, status, limit: atMost(query.limit) });
}

export async function pageAudit(room: Room, query: AuditQuery): Promise<AuditPage> {
  return room.world.catalog.audit.page({ ...query, limit: atMost(query.limit) });
}

/** Newest first. */
export async function listRequests(room: Room, filter: RequestFilter & { readonly limit: number }): Promise<Request[]> {
  const found = await room.world.catalog.requests.list({ ...filter, limit: atMost(filter.limit) });
  return found.map((request) => underRulesOfNow(room, request));
}
