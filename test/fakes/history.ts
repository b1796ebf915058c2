import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Activity } from '../../src/records/activity.ts';
import type { AuditEntry } from '../../src/records/audit.ts';
import type { Backup } from '../../src/records/backup.ts';
import { createNewId, type IdPrefix } from '../../src/records/ids.ts';
import type { JournalEvent, Operation } from '../../src/records/operation.ts';
import type { Person } from '../../src/records/person.ts';
import { makeBackup, makeOperation, makePart } from './records.ts';

/** What a workspace's nights were like: sizes in bytes, lengths in milliseconds, as they were at the end. */
export interface Past {
  readonly workspace: string;
  readonly bytes: number;
  readonly files: number;
  readonly downtimeMs: number;
  readonly durationMs: number;
  readonly release: string;
  /** Volumes, then shared folders. */
  readonly volumes: readonly string[];
  readonly folders: readonly string[];
  /** No backup since so many days; 0: the last night's is there. */
  readonly daysWithout?: number;
}

const NIGHTS = 45;
const DAY_MS = 86_400_000;
const SCHEDULE: Person = { name: 'schedule', proof: 'schedule' };
const ALICE: Person = { name: 'alice', proof: 'bare' };

interface Night {
  readonly past: Past;
  /** How many nights ago. */
  readonly ago: number;
  readonly startedAt: Date;
  /** From 0 to 1, another one each night and the same in each run. */
  readonly chance: number;
  /** Of the sizes as they were at the end. */
  readonly share: number;
}

/** Weeks of a catalog, as nights leave them behind: backups, what made and checked them, who did what, what people ran. */
export function writeHistory(dataFolder: string, pasts: readonly Past[], now: Date): void {
  for (const room of ['backups', 'operations/ended', 'activity'])
    mkdirSync(join(dataFolder, room), { recursive: true, mode: 0o700 });
  const audit: AuditEntry[] = [];
  for (const past of pasts) {
    for (const night of nightsOf(past, now)) audit.push(...writeNight(dataFolder, night));
    writeRecord(dataFolder, 'activity', activityOf(past.workspace, now));
  }
  const lines = audit.toSorted((one, other) => (one.at < other.at ? -1 : 1)).map((entry) => JSON.stringify(entry));
  writeFileSync(join(dataFolder, 'audit.jsonl'), `${lines.join('\n')}\n`, { mode: 0o600 });
}

function nightsOf(past: Past, now: Date): Night[] {
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const seed = [...past.workspace].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
  return Array.from({ length: NIGHTS - (past.daysWithout ?? 0) }, (_, index): Night => {
    const ago = NIGHTS - index;
    const chance = (Math.imul(seed + ago * 7_919, 2_654_435_761) >>> 8) / 2 ** 24;
    const startedAt = new Date(midnight - ago * DAY_MS + 2 * 3_600_000 + (seed % 40) * 60_000);
    return { past, ago, startedAt, chance, share: 1 - (ago / NIGHTS) * 0.35 + (chance - 0.5) * 0.06 };
  });
}

/** Answers what the audit trail says of it. */
function writeNight(dataFolder: string, night: Night): AuditEntry[] {
  const isByPerson = night.ago % 9 === 4;
  const operation = operationOf(night, isByPerson);
  writeRecord(dataFolder, 'operations/ended', operation);
  if (operation.status === 'failed') return [];
  const backup = backupOf(night, operation);
  writeRecord(dataFolder, 'backups', backup);
  if (!isByPerson) return [];
  const { workspace, startedAt: at, reason } = operation;
  return [{ at, by: ALICE, did: 'backup asked', workspace, subject: operation.id, ...(reason ? { reason } : {}) }];
}

function operationOf({ past, ago, startedAt, chance }: Night, isByPerson: boolean): Operation {
  const at = (ms: number) => new Date(startedAt.getTime() + ms).toISOString();
  const isFailed = ago % 23 === 11;
  const downtimeMs = downtimeOf(past, chance);
  const endedAt = at(past.durationMs * (0.9 + chance * 0.3));
  const done = (step: string, from: number, until: number): JournalEvent[] => [
    { type: 'step-began', at: at(from), step },
    { type: 'step-done', at: at(until), step },
  ];
  const error = {
    code: 'repository-unavailable',
    message: `The repository of ${past.workspace} could not be reached.`,
  };
  return makeOperation({
    id: idOf('op', startedAt, chance),
    workspace: past.workspace,
    by: isByPerson ? ALICE : SCHEDULE,
    trigger: isByPerson ? 'person' : 'schedule',
    reason: isByPerson ? `before the upgrade to ${past.release}` : 'schedule nightly',
    startedAt: at(0),
    endedAt: isFailed ? at(4_000) : endedAt,
    status: isFailed ? 'failed' : 'succeeded',
    ...(isFailed ? { error } : {}),
    journal: [
      { type: 'began', at: at(0), mode: 'run' },
      ...done('preflight', 0, 3_000),
      ...(isFailed ? [] : [...done('stop', 60_000, 60_900), ...done('cut', 60_900, 60_000 + downtimeMs * 0.8)]),
      ...(isFailed ? [] : [...done('start', 60_000 + downtimeMs * 0.8, 60_000 + downtimeMs)]),
    ],
  });
}

function backupOf({ past, ago, startedAt, chance, share }: Night, operation: Operation): Backup {
  const takenAt = new Date(startedAt.getTime() + 61_500).toISOString();
  const [bytes, files] = [Math.round(past.bytes * share), Math.round(past.files * share)];
  const isByPerson = operation.trigger === 'person';
  return makeBackup({
    ...{ id: operation.id.replace('op_', 'bkp_'), operationId: operation.id, workspace: past.workspace },
    ...{ by: operation.by, trigger: operation.trigger, release: past.release, files, bytes, takenAt },
    ...(isByPerson ? { name: `before ${past.release}`, reason: operation.reason } : {}),
    startedAt: operation.startedAt,
    endedAt: operation.endedAt ?? takenAt,
    durationMs: Date.parse(operation.endedAt ?? takenAt) - startedAt.getTime(),
    downtimeMs: downtimeOf(past, chance),
    addedBytes: Math.round(bytes * (0.004 + chance * 0.03)),
    parts: partsOf(past, { takenAt, bytes, files }),
    ...(ago % 17 === 5 ? { status: 'incomplete', warnings: ['2 files of projects could not be read.'] } : {}),
    ...(ago % 7 === 3 ? { verified: verifiedOf(operation, { files, bytes }) } : {}),
    ...(isByPerson ? { pinned: { by: 'alice', at: takenAt, reason: 'the last one before the upgrade' } } : {}),
  });
}

function verifiedOf(
  { id, endedAt = '', startedAt }: Operation,
  counted: { readonly files: number; readonly bytes: number },
): NonNullable<Backup['verified']> {
  const restoreMs = (Date.parse(endedAt) - Date.parse(startedAt)) * 1.4;
  const at = new Date(Date.parse(endedAt) + 5 * 3_600_000).toISOString();
  return { at, operationId: id, restoreMs: Math.round(restoreMs), ...counted };
}

function partsOf(
  { volumes, folders }: Past,
  { takenAt, bytes, files }: Pick<Backup, 'takenAt' | 'bytes' | 'files'>,
): Backup['parts'] {
  const count = volumes.length + folders.length;
  const size = { takenAt, bytes: Math.round(bytes / count), files: Math.round(files / count), directories: count * 31 };
  return [
    ...volumes.map((name) => makePart({ name, capture: 'snapshot', ...size })),
    ...folders.map((name) => makePart({ name, kind: 'shared-folder', capture: 'two-pass', ...size })),
  ];
}

/** Mostly as ever; now and then a night takes longer. */
function downtimeOf({ downtimeMs }: Past, chance: number): number {
  return Math.round(downtimeMs * (0.8 + chance * 0.4) * (chance > 0.93 ? 2.2 : 1));
}

/** People work on weekdays, most before and after noon; long trainings run through some nights. */
function activityOf(workspace: string, now: Date): Activity {
  const monday = new Date(Math.floor((now.getTime() / DAY_MS - 4) / 7) * 7 * DAY_MS + 4 * DAY_MS);
  const weeks = [6, 5, 4, 3, 2, 1].map((ago) => ({
    monday: new Date(monday.getTime() - ago * 7 * DAY_MS).toISOString().slice(0, 10),
    hours: Array.from({ length: 168 }, (_, hour) => workloadsAt(Math.floor(hour / 24), hour % 24, ago)),
  }));
  return { schema: 1, id: workspace, weeks };
}

function workloadsAt(day: number, hour: number, week: number): number {
  const people = day < 5 ? 9 : 2;
  const byDay = Math.max(0, 1 - Math.abs(hour - 10.5) / 5) + Math.max(0, 1 - Math.abs(hour - 15) / 4.5);
  const byNight = day % 3 === 1 && (hour >= 20 || hour < 1) ? 2 : 0;
  return Math.round(people * byDay + byNight + ((hour * 7 + day * 3 + week) % 3 === 0 ? 1 : 0));
}

function idOf(prefix: IdPrefix, at: Date, chance: number): string {
  return createNewId(
    () => at,
    () => chance,
  )(prefix);
}

function writeRecord(dataFolder: string, room: string, record: { readonly id: string }): void {
  writeFileSync(join(dataFolder, room, `${record.id}.json`), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}
