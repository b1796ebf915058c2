import { copiesOf } from '../../src/backup/delete-plan.ts';
import type { PlaceInTime } from '../../src/catalog/age-cursor.ts';
import {
  type BackupPage,
  type BackupQuery,
  comparePlaces,
  type Place,
  readCursor,
  writeCursor,
} from '../../src/catalog/backup-query.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { UserError } from '../../src/errors.ts';
import { type Activity, activity } from '../../src/records/activity.ts';
import { type AuditEntry, auditEntry } from '../../src/records/audit.ts';
import { type Backup, backup } from '../../src/records/backup.ts';
import { type WorkspaceMarks, workspaceMarks } from '../../src/records/marks.ts';
import { type Operation, operation } from '../../src/records/operation.ts';
import { type Request, request } from '../../src/records/request.ts';
import { type ScheduleState, scheduleState } from '../../src/records/schedule-state.ts';

/** What outlives a process: hand the same store to another catalog and it sees what the first one wrote. As JSON text. */
export interface FakeCatalogStore {
  readonly open: Map<string, string>;
  readonly ended: Map<string, string>;
  readonly backups: Map<string, string>;
  readonly requests: Map<string, string>;
  readonly marks: Map<string, string>;
  readonly schedules: Map<string, string>;
  readonly activity: Map<string, string>;
  readonly audit: string[];
}

export function createFakeCatalogStore(): FakeCatalogStore {
  const empty = () => new Map<string, string>();
  return {
    ...{
      open: empty(),
      ended: empty(),
      backups: empty(),
      requests: empty(),
      marks: empty(),
      activity: empty(),
      schedules: empty(),
    },
    audit: [],
  };
}

interface Schema<T> {
  parse(value: unknown): T;
}

interface Listed {
  readonly id: string;
  readonly workspace: string;
}

/** Copies on every write and read, like a disk would. */
export function createFakeCatalog(store: FakeCatalogStore): Catalog {
  return {
    operations: fakeOperations(store),
    backups: fakeBackups(store),
    requests: fakeRequests(store),
    audit: {
      async append(entry) {
        store.audit.push(JSON.stringify(auditEntry.parse(entry)));
      },
      list: async (limit) =>
        store.audit
          .map((line): AuditEntry => JSON.parse(line))
          .reverse()
          .slice(0, limit),
      page: async ({ limit, before = String(store.audit.length), workspace, by, subject }) => {
        const found = store.audit
          .map((line, at): [number, AuditEntry] => [at, JSON.parse(line)])
          .slice(0, Number(before))
          .filter(([, entry]) => workspace === undefined || entry.workspace === workspace)
          .filter(([, entry]) => subject === undefined || entry.subject === subject)
          .filter(([, entry]) => by === undefined || entry.by.name === by)
          .reverse();
        const entries = found.slice(0, limit);
        const last = found.length > limit ? entries.at(-1) : undefined;
        return { entries: entries.map(([, entry]) => entry), ...(last ? { next: String(last[0]) } : {}) };
      },
    },
    marks: fakeMarks(store),
    schedules: fakeSchedules(store),
    activity: fakeActivity(store),
    open: async () => ({ setAside: [] }),
    setAside: async () => [],
  };
}

function fakeOperations({ open, ended }: FakeCatalogStore): Catalog['operations'] {
  const startedAt = (record: Operation) => record.startedAt;
  return {
    known: async () => newestFirst([...readAll(open, operation), ...readAll(ended, operation)], startedAt),
    listOpen: async () => newestFirst(readAll(open, operation), startedAt).reverse(),
    async save(record) {
      write(!open.has(record.id) && ended.has(record.id) ? ended : open, operation, record);
    },
    async close(id) {
      const text = open.get(id);
      if (text === undefined) return;
      ended.set(id, text);
      open.delete(id);
    },
    get: async (id) => read(open, operation, id) ?? read(ended, operation, id),
    list: async ({ workspace, after, limit } = {}) =>
      newestFirst([...readAll(open, operation), ...readAll(ended, operation)], startedAt)
        .filter(isOf(workspace))
        .filter(isBehind(after, startedAt))
        .slice(0, limit),
  };
}

function fakeBackups({ backups }: FakeCatalogStore): Catalog['backups'] {
  return {
    save: async (record) => write(backups, backup, record),
    get: async (id) => freeze(read(backups, backup, id)),
    async change(id, decide) {
      const now = read(backups, backup, id);
      if (!now) throw new UserError('unknown-backup', `There is no backup "${id}".`);
      const next = decide(freeze(now));
      if (next) write(backups, backup, next);
      return freeze(next ? backup.parse(structuredClone(next)) : now);
    },
    known: async (workspace) =>
      newestFirst(readAll(backups, backup), (record: Backup) => record.takenAt).filter(isOf(workspace)),
    list: async ({ workspace, status, copies, limit } = {}) =>
      newestFirst(readAll(backups, backup), (record: Backup) => record.takenAt)
        .filter(isOf(workspace))
        .filter((record) => isOneOf(status, record.status))
        .filter((backup) => copies === undefined || copiesOf(backup).some((copy) => copies.includes(copy)))
        .slice(0, limit)
        .map(freeze),
    page: async (query) => fakePage(readAll(backups, backup), query),
  };
}

/** Written apart from the real one: everything is looked at, each time. */
function fakePage(all: readonly Backup[], query: BackupQuery): BackupPage {
  const { order = 'takenAt', ascending = false, limit, text = '', from = 0, before = Number.MAX_VALUE } = query;
  const place = (record: Backup): Place => {
    const value = order === 'takenAt' ? Date.parse(record.takenAt) : order === 'by' ? record.by.name : record[order];
    return { value: value ?? '', id: record.id };
  };
  const after = query.after === undefined ? undefined : readCursor(order, query.after);
  const direction = ascending ? -1 : 1;
  const found = all
    .filter(isOf(query.workspace))
    .filter(({ status }) => isOneOf(query.status, status))
    .filter(({ takenAt }) => Date.parse(takenAt) >= from && Date.parse(takenAt) < before)
    .filter(({ by, trigger }) => (query.by ?? by.name) === by.name && (query.trigger ?? trigger) === trigger)
    .filter(({ id, name = '', reason = '', workspace, by }) =>
      [id, name, reason, workspace, by.name].some((word) => word.toLowerCase().includes(text.toLowerCase())),
    )
    .sort((one, other) => direction * comparePlaces(place(one), place(other)))
    .filter((record) => after === undefined || direction * comparePlaces(place(record), after) > 0);
  const backups = found.slice(0, limit);
  const last = found.length > limit ? backups.at(-1) : undefined;
  return { backups: backups.map(freeze), ...(last ? { next: writeCursor(order, place(last)) } : {}) };
}

function fakeRequests({ requests }: FakeCatalogStore): Catalog['requests'] {
  return {
    save: async (record) => write(requests, request, record),
    get: async (id) => freeze(read(requests, request, id)),
    known: async () => newestFirst(readAll(requests, request), (record: Request) => record.askedAt),
    list: async ({ workspace, status, backupId, after, limit } = {}) =>
      newestFirst(readAll(requests, request), (record: Request) => record.askedAt)
        .filter(isOf(workspace))
        .filter(isBehind(after, (record: Request) => record.askedAt))
        .filter((record) => isOneOf(status, record.status))
        .filter((record) => backupId === undefined || record.backupId === backupId)
        .slice(0, limit)
        .map(freeze),
    async change(id, decide) {
      const now = read(requests, request, id);
      if (!now) throw new UserError('unknown-request', `There is no request "${id}".`);
      const next = decide(freeze(now));
      if (next) write(requests, request, next);
      return freeze(next ? request.parse(structuredClone(next)) : now);
    },
  };
}

function fakeMarks({ marks }: FakeCatalogStore): Catalog['marks'] {
  const readMarks = (id: string): WorkspaceMarks =>
    freeze(read(marks, workspaceMarks, id) ?? { schema: 1, id, leftCopies: [] });
  return {
    get: async (workspace) => readMarks(workspace),
    async change(workspace, decide) {
      const next = decide(readMarks(workspace));
      if (next) write(marks, workspaceMarks, next);
      return readMarks(workspace);
    },
  };
}

function fakeActivity(store: FakeCatalogStore): Catalog['activity'] {
  const readActivity = (id: string): Activity =>
    freeze(read(store.activity, activity, id) ?? { schema: 1, id, weeks: [] });
  return {
    get: async (workspace) => readActivity(workspace),
    async change(workspace, change) {
      write(store.activity, activity, change(readActivity(workspace)));
      return readActivity(workspace);
    },
  };
}

function fakeSchedules({ schedules }: FakeCatalogStore): Catalog['schedules'] {
  const readState = (id: string): ScheduleState =>
    freeze(read(schedules, scheduleState, id) ?? { schema: 1, id, missed: [] });
  return {
    get: async (id) => readState(id),
    list: async () => readAll(schedules, scheduleState).sort((one, other) => (one.id < other.id ? -1 : 1)),
    async change(id, decide) {
      const next = decide(readState(id));
      if (next) write(schedules, scheduleState, next);
      return readState(id);
    },
  };
}

/** Of those of one moment, the ones with lesser ids come later. */
function isBehind<T extends { id: string }>(after: PlaceInTime | undefined, atOf: (record: T) => string) {
  return (record: T) => {
    if (!after) return true;
    const at = Date.parse(atOf(record));
    return at < after.at || (at === after.at && record.id < after.id);
  };
}

function isOneOf<S>(wanted: S | readonly S[] | undefined, one: S): boolean {
  return wanted === undefined || [wanted].flat().includes(one);
}

function write<T extends { id: string }>(room: Map<string, string>, schema: Schema<T>, record: T): void {
  room.set(record.id, JSON.stringify(schema.parse(JSON.parse(JSON.stringify(record)))));
}

function read<T>(room: Map<string, string>, schema: Schema<T>, id: string): T | undefined {
  const text = room.get(id);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

function readAll<T>(room: Map<string, string>, schema: Schema<T>): T[] {
  return [...room.values()].map((text) => schema.parse(JSON.parse(text)));
}

function isOf(workspace: string | undefined): (record: Listed) => boolean {
  return (record) => workspace === undefined || record.workspace === workspace;
}

function newestFirst<T extends Listed>(records: T[], at: (record: T) => string): T[] {
  return records.sort((a, b) => Date.parse(at(b)) - Date.parse(at(a)) || (a.id < b.id ? 1 : -1));
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) freeze(inner);
  return value;
}
