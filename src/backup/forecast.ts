import type { Backup } from '../records/backup.ts';
import type { BackupPlan, PartPlan } from '../records/plan.ts';
import { writeDuration } from '../records/time.ts';

/**
 * What copying costs on a small machine, in milliseconds; measured with restic 0.19 on 2 cores. Only used until past
 * backups of the workspace say better.
 */
const PER_CALL = 750;
const PER_UNCHANGED_FILE = 0.036;
const PER_NEW_FILE = 0.16;
const PER_NEW_MEGABYTE = 9;
/** Stopping and starting one ordinary service, until seen. */
const PER_SERVICE = 3_000;
/** Past runs are quicker or slower by chance: what is promised is a little more than what was seen. */
const CAUTION = 1.25;
/** So many past downtimes are told to people. */
const TOLD = 3;

function copyMs(parts: readonly PartPlan[]): number {
  const files = parts.reduce((sum, part) => sum + part.files, 0);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return parts.length === 0 ? 0 : PER_CALL + files * PER_NEW_FILE + (bytes / 1e6) * PER_NEW_MEGABYTE;
}

function deltaMs(parts: readonly PartPlan[]): number {
  const files = parts.reduce((sum, part) => sum + part.files, 0);
  return parts.length === 0 ? 0 : PER_CALL + files * PER_UNCHANGED_FILE;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** How long another backup like the last ones takes in all, in milliseconds; undefined while there is none. */
export function usualLengthMs(past: readonly Pick<Backup, 'durationMs'>[]): number | undefined {
  return past.length === 0 ? undefined : median(past.map(({ durationMs }) => durationMs)) * CAUTION;
}

/**
 * How long services would be down and how long all would take. Past backups with the same captures count most; before the
 * first one nobody can say how long a control plane takes, and people are told that it may be the whole budget.
 */
export function forecastBackup(
  parts: readonly PartPlan[],
  serviceCount: number,
  past: readonly Backup[],
  budgetMs: number,
): BackupPlan['forecast'] {
  const captures = (list: readonly { name: string; capture: string }[]) =>
    list
      .map(({ name, capture }) => `${name}:${capture}`)
      .sort()
      .join(' ');
  const alike = past.filter((backup) => captures(backup.parts) === captures(parts)).slice(0, 5);
  if (alike.length > 0) {
    const filesThen = median(alike.map((backup) => backup.files));
    const grown = Math.max(1, parts.reduce((sum, part) => sum + part.files, 0) / Math.max(1, filesThen));
    const downtimeMs = median(alike.map((backup) => backup.downtimeMs)) * grown * CAUTION;
    const totalMs = median(alike.map((backup) => backup.durationMs)) * grown * CAUTION;
    const basis = `the last ${alike.length === 1 ? 'backup' : `${alike.length} backups`}`;
    return { downtimeMs, totalMs, basis, lastDowntimesMs: alike.slice(0, TOLD).map((backup) => backup.downtimeMs) };
  }
  if (parts.some((part) => part.capture === 'vendor')) {
    const basis = 'the budget: how long the control plane takes was not measured yet';
    return { downtimeMs: budgetMs, totalMs: budgetMs + copyMs(parts), basis };
  }
  const twoPass = parts.filter((part) => part.capture === 'two-pass');
  const cold = parts.filter((part) => part.capture === 'cold');
  const down = serviceCount * PER_SERVICE + deltaMs(twoPass) + copyMs(cold);
  return { downtimeMs: down, totalMs: down + copyMs(parts), basis: 'the number of files; nothing was measured yet' };
}

/** Twice what past runs took, at least ten minutes: what `--timeout` is suggested as. */
export function suggestTimeout(forecast: BackupPlan['forecast'], noticeMs: number): string {
  return writeDuration(Math.max(600_000, Math.ceil((forecast.totalMs * 2) / 60_000) * 60_000) + noticeMs);
}
