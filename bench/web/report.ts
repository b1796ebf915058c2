import { atMost, type Findings, type Table, type Verdict } from '../row.ts';
import type { Paint } from './first-paint.ts';
import type { ReadersSeen } from './readers-main.ts';
import type { WatchersSeen } from './watchers-main.ts';

const READ_LIMIT_MS = 100;
const BEHIND_LIMIT_MS = 1_000;
const PAINT_LIMIT_KB = 200;

/** By how much an event loop was held up, in ms. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface WebSeen {
  readonly backups: number;
  readonly readers: number;
  readonly watchers: number;
  readonly reading: ReadersSeen;
  /** Asking again as soon as they are answered. */
  readonly rushing: ReadersSeen;
  readonly readDelays: Delays;
  /** Backups that ended while people read. */
  readonly backedUp: number;
  readonly watching: WatchersSeen;
  readonly watchDelays: Delays;
  /** Of the server, in MB. */
  readonly memory: Readonly<Record<string, number>>;
  readonly paints: readonly Paint[];
}

const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const kb = (value: number) => `${value.toFixed(0)} kB`;

export function reportWeb(seen: WebSeen): Findings {
  const { reading, watching, watchers, paints } = seen;
  const count = seen.backups.toLocaleString('en');
  const refused = Object.values(reading.refused).reduce((sum, one) => sum + one, 0);
  return {
    verdicts: [
      quickly(`pages over ${count} backups, ${seen.readers} readers (99 %)`, timesOf(reading, 'page')),
      quickly(`API over ${count} backups, ${seen.readers} readers (99 %)`, timesOf(reading, 'API')),
      atMost('questions that were refused', 0, refused, String),
      all('watchers that saw the last picture', watchers, watching.sawLast),
      all('watchers that were told of the end', watchers, watching.toldEnd),
      atMost(
        `the last of ${watchers} watchers behind the first (99 %)`,
        BEHIND_LIMIT_MS,
        percentile(watching.behindMs, 0.99),
        ms,
      ),
      atMost(
        'first paint in all, the largest',
        PAINT_LIMIT_KB,
        Math.max(...paints.map(({ bytes }) => bytes)) / 1e3,
        kb,
      ),
    ],
    tables: [readersTable(seen), watchersTable(seen), paintTable(paints)],
    charts: [],
    notes: [],
  };
}

function quickly(what: string, times: readonly number[]): Verdict {
  return atMost(what, READ_LIMIT_MS, percentile(times, 0.99), ms);
}

function all(what: string, target: number, seen: number): Verdict {
  return { what, target: String(target), seen: String(seen), met: seen === target };
}

function timesOf({ took }: ReadersSeen, kind: string): readonly number[] {
  return Object.entries(took).flatMap(([what, times]) => (what.startsWith(kind) ? times : []));
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.POSITIVE_INFINITY;
}

function readersTable({ readers, reading, rushing, readDelays, backedUp }: WebSeen): Table {
  const row = (label: string, of: ReadersSeen, kind: string) => {
    const times = timesOf(of, kind);
    return [
      label,
      String(times.length),
      ms(percentile(times, 0.5)),
      ms(percentile(times, 0.99)),
      ms(Math.max(...times)),
    ];
  };
  return {
    title: `${readers} readers; ${backedUp} backups ended meanwhile; the event loop was held up by ${ms(readDelays.p99)} (99 %), ${ms(readDelays.max)} (the most)`,
    columns: ['', 'answers', 'median', '99 %', 'the slowest'],
    rows: [
      ...Object.keys(reading.took)
        .sort()
        .map((what) => row(what, reading, what)),
      row('all pages, asked again at once', rushing, 'page'),
      row('all of the API, asked again at once', rushing, 'API'),
    ],
  };
}

function watchersTable({ watchers, watching, watchDelays, memory }: WebSeen): Table {
  return {
    title: `${watchers} watchers of one operation`,
    columns: ['', 'seen'],
    rows: [
      ['pictures', String(watching.pictures)],
      ['sent to all of them', `${(watching.bytes / 1e6).toFixed(1)} MB`],
      ['the last behind the first, median', ms(percentile(watching.behindMs, 0.5))],
      ['the last behind the first, 99 %', ms(percentile(watching.behindMs, 0.99))],
      ['event loop held up, 99 %', ms(watchDelays.p99)],
      ['event loop held up, the most', ms(watchDelays.max)],
      ...Object.entries(memory).map(([when, megabytes]) => [`memory ${when}`, `${megabytes.toFixed(0)} MB`]),
    ],
  };
}

function paintTable(paints: readonly Paint[]): Table {
  return {
    title: 'First paint, nothing known to the browser',
    columns: ['page', 'files', 'in all'],
    rows: paints.map(({ path, files, bytes }) => [
      path.replace(/op_\w+/, '<operation>'),
      String(files),
      kb(bytes / 1e3),
    ]),
  };
}
