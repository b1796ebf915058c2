import { setTimeout as wait } from 'node:timers/promises';
import type { Product } from '../product.ts';
import { atMost, type Findings, type Row } from '../row.ts';
import { type RunningSlack, type SlackSeen, startSlack } from '../slack/double.ts';
import { makeSlackPlace } from '../slack/place.ts';
import type { BenchWorld } from '../world.ts';

const OPERATIONS = 20;
const COMMANDS = 200;
const WAVES = 3;
const LIMIT_MS = 500;
/** Slack's tier 3. Source: docs.slack.dev/apis/web-api/rate-limits. */
const EDITS_LIMIT = 50;
/** Between two waves; together longer than the minute in which Slack counts. */
const PAUSE_MS = 25_000;
const BEGIN_WITHIN_MS = 60_000;

interface Seen {
  readonly waves: readonly SlackSeen[];
  readonly end: SlackSeen;
  /** Operations that still ran after the last wave. */
  readonly ran: number;
}

/** How quickly people are answered while much is said. */
export const slackRow: Row = {
  word: 'slack',
  title: 'Slack: commands while operations run',
  method: `A Slack of our own in a process of its own, with the limits of Slack's tiers; the real server connects to it by Socket Mode. ${OPERATIONS} backups run whose restic is held back, so that each has progress to show for minutes. Meanwhile ${WAVES} times ${COMMANDS} commands are typed at once; the time is that from an envelope sent to its acknowledgement, as Slack sees it.`,
  async measure(world) {
    const slack = await startSlack(world);
    const names = Array.from({ length: OPERATIONS }, (_, at) => `team-${String(at + 1).padStart(2, '0')}`);
    const product = await makeSlackPlace(world, slack, names);
    const seen = await measureAll(world, { slack, product, names });
    await Promise.all((await product.open()).map((id) => product.cancel(id)));
    await product.end();
    await slack.end();
    return report(seen);
  },
};

async function measureAll(
  world: BenchWorld,
  { slack, product, names }: { slack: RunningSlack; product: Product; names: readonly string[] },
): Promise<Seen> {
  for (const name of names) await product.startServices(name);
  for (const name of names) await product.beginBackup(name);
  for (const until = Date.now() + BEGIN_WITHIN_MS; ; await wait(250)) {
    const { edits = 0, connections = 0 } = await slack.ask({ word: 'look' });
    if (edits > 0 && connections > 0) break;
    if (Date.now() > until) throw new Error('the server does not speak in Slack');
  }
  const waves: SlackSeen[] = [];
  while (waves.length < WAVES) {
    await wait(PAUSE_MS);
    waves.push(await slack.ask({ word: 'type', count: COMMANDS }));
    world.say(`wave ${waves.length} of ${WAVES}: at most ${Math.max(...(waves.at(-1)?.acks ?? [])).toFixed(0)} ms`);
  }
  return { waves, ran: (await product.open()).length, end: await slack.ask({ word: 'look' }) };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.POSITIVE_INFINITY;
}

function report({ waves, end, ran }: Seen): Findings {
  const acks = waves.flatMap((wave) => wave.acks ?? []);
  const answered = waves.reduce((sum, wave) => sum + (wave.answered ?? 0), 0);
  const { edits = 0, posts = 0, busiestEdits = 0, refusedEdits = 0 } = end;
  const inMs = (value: number) => `${value.toFixed(0)} ms`;
  const all = WAVES * COMMANDS;
  return {
    verdicts: [
      atMost(`acknowledgement of ${COMMANDS} commands at once (99 %)`, LIMIT_MS, percentile(acks, 0.99), inMs),
      { what: 'commands that are answered', target: String(all), seen: String(answered), met: answered === all },
      // Those that were refused are not in the first of the two: only both together show that the limit was kept.
      atMost('edits taken in the busiest minute', EDITS_LIMIT, busiestEdits, String),
      atMost('edits refused by the limits of Slack', 0, refusedEdits, String),
      {
        what: 'operations that ran all the while',
        target: String(OPERATIONS),
        seen: String(ran),
        met: ran === OPERATIONS,
      },
    ],
    tables: [
      {
        title: `${WAVES} times ${COMMANDS} commands at once, while ${OPERATIONS} operations run`,
        columns: ['', 'seen'],
        rows: [
          ['acknowledged, median', inMs(percentile(acks, 0.5))],
          ['acknowledged, 99 %', inMs(percentile(acks, 0.99))],
          ['acknowledged, the last', inMs(Math.max(...acks))],
          [
            'the last answer after the last acknowledgement',
            inMs(Math.max(...waves.map((wave) => wave.answersMs ?? 0))),
          ],
          ['edits, in all', String(edits)],
          ['edits taken in the busiest minute', String(busiestEdits)],
          ['edits refused by the limits of Slack', String(refusedEdits)],
          ['posts, in all', String(posts)],
        ],
      },
    ],
    charts: [],
    notes: [],
  };
}
