import { type PlaceInTime, readAgeCursor, writeAgeCursor } from '../catalog/age-cursor.ts';
import type { BackupPage, BackupQuery } from '../catalog/backup-query.ts';
import type { AuditPage, AuditQuery, RequestFilter } from '../catalog/catalog.ts';
import type { OperationView } from '../records/operation.ts';
import type { Request } from '../records/request.ts';
import { underRulesOfNow, viewOf } from './look.ts';
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

/** What a page of operations or requests is asked for by; `cursor` is what the page before answered as `next`. */
export interface PageWish {
  readonly workspace?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface OperationPage {
  readonly operations: readonly OperationView[];
  /** Absent on the last page. */
  readonly next?: string;
}

export interface RequestPage {
  readonly requests: readonly Request[];
  readonly next?: string;
}

/** Newest first. @throws UserError `bad-input`, `unknown-workspace`. */
export async function pageOperations(room: Room, wish: PageWish): Promise<OperationPage> {
  const found = await room.world.catalog.operations.list(filterOf(room, wish));
  const { shown, next } = onePage(found, wish, ({ startedAt, id }) => ({ at: Date.parse(startedAt), id }));
  return { operations: shown.map((operation) => viewOf(room, operation)), ...next };
}

/** Newest first. @throws UserError `bad-input`, `unknown-workspace`. */
export async function pageRequests(
  room: Room,
  { status, ...wish }: PageWish & { readonly status?: Request['status'] | undefined },
): Promise<RequestPage> {
  const found = await room.world.catalog.requests.list({ ...filterOf(room, wish), ...(status ? { status } : {}) });
  const { shown, next } = onePage(found, wish, ({ askedAt, id }) => ({ at: Date.parse(askedAt), id }));
  return { requests: shown.map((request) => underRulesOfNow(room, request)), ...next };
}

/** With one more than a page shows: whether there is another page. */
function filterOf(room: Room, { workspace, cursor, limit }: PageWish) {
  if (workspace !== undefined) room.settingsOf(workspace);
  return {
    ...(workspace === undefined ? {} : { workspace }),
    ...(cursor === undefined ? {} : { after: readAgeCursor(cursor) }),
    limit: atMost(limit) + 1,
  };
}

function onePage<T>(found: readonly T[], { limit }: PageWish, placeOf: (record: T) => PlaceInTime) {
  const shown = found.slice(0, atMost(limit));
  const last = shown.at(-1);
  return { shown, next: last && found.length > shown.length ? { next: writeAgeCursor(placeOf(last)) } : {} };
}
