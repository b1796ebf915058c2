import { stringify } from 'yaml';
import type { Config } from './config.ts';
import { mask } from './log.ts';
import type { Upkeep } from './orchestrator/upkeep.ts';
import { retentionCounts } from './records/retention.ts';
import { writeDuration } from './records/time.ts';
import { readExpression } from './schedule/expression.ts';

/** What the settings are that are numbers without being lengths of time. */
const COUNTS = new Set([
  'votes',
  'uid',
  'readConcurrency',
  'port',
  'atOnce',
  'atOncePerStorageClass',
  ...retentionCounts,
]);
/** Values of these may be secrets, whatever they look like. */
const HIDDEN = new Set(['environment', 'token', 'hash']);
/** Commands that often carry a secret as an argument: the password itself, the address of a web hook. */
const WORDY = new Set(['passwordCommand', 'notify']);

/** The configuration as it is in force, for people: no secrets, lengths of time written the human way. */
export function explainConfig(config: Config): Record<string, unknown> {
  const told = { ...config, upkeep: tellUpkeep(config.upkeep) };
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, explainValue(key, value)]));
}

/** Each schedule under its id, beside what its words were understood as. */
function tellUpkeep({ schedules, limits: { digest: _among, ...limits }, workspaces }: Upkeep): object {
  const told = schedules.map(({ id, settings }) => {
    const { does, when, ...rest } = settings;
    return [id, { does, when, means: readExpression(when).words, ...rest }];
  });
  return { schedules: Object.fromEntries(told), limits, workspaces };
}

function explainValue(key: string, value: unknown): unknown {
  if (HIDDEN.has(key)) return hide(value);
  if (WORDY.has(key)) return hideArguments(value);
  if (typeof value === 'string') return mask(value);
  if (COUNTS.has(key)) return value;
  if (key === 'content') return value === 1 ? 'all' : `${Math.round(100 / Number(value))}%`;
  if (typeof value === 'number') return writeDuration(value);
  if (Array.isArray(value)) return value.map((inner) => explainValue(key, inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, held]) => [inner, explainValue(inner, held)]));
}

function hide(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return '(hidden)';
  return Object.fromEntries(Object.keys(value).map((name) => [name, '(hidden)']));
}

function hideArguments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((word, index) => (index === 0 ? word : '(hidden)'));
  return typeof value === 'object' && value !== null && 'command' in value
    ? { command: hideArguments(value.command) }
    : value;
}

/** The same as people read it, line by line. */
export function writeExplanation(config: Config): string[] {
  return stringify(explainConfig(config)).trimEnd().split('\n');
}
