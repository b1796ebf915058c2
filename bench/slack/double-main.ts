/** Slack in a process of its own, so that what it costs is not counted as ours: people type in it when they are told to. */
import { createSlackDouble } from '../../test/fakes/slack/double.ts';
import type { SlackAsked, SlackSeen, SlackStarted } from './double.ts';

const CHANNEL = 'C0BENCH';
const PERSON = 'U0ALICE';
/** What people type to look; the last asks for what is not there. Nothing is begun. */
const LINES = ['/cml status team-01', '/cml list', '/cml help', '/cml status nothing-of-that-name'];
const ANSWERED_WITHIN_MS = 120_000;

const slack = await createSlackDouble();
slack.people.add({ id: PERSON, name: 'alice' });
slack.channels.add({ id: CHANNEL, name: 'bench' });

/** All at once. Answers how long each took to be acknowledged, in ms; what was not counts as the limit that Slack has. */
async function type(count: number): Promise<SlackSeen> {
  const typed = Array.from({ length: count }, (_, at) => slack.type(PERSON, CHANNEL, LINES[at % LINES.length] ?? ''));
  const deliveries = await Promise.all(typed);
  const beganAt = performance.now();
  const isAnswered = () => (deliveries.every(({ responses }) => responses.length > 0) ? true : undefined);
  await slack.when(isAnswered, ANSWERED_WITHIN_MS).catch(() => undefined);
  return {
    acks: deliveries.map(({ ackMs }) => ackMs ?? Number.POSITIVE_INFINITY),
    answered: deliveries.filter(({ responses }) => responses.length > 0).length,
    answersMs: performance.now() - beganAt,
  };
}

function look(): SlackSeen {
  const of = (method: string) => slack.requests.filter((request) => request.method === method);
  return {
    edits: of('chat.update').length,
    posts: of('chat.postMessage').length,
    busiestEdits: slack.busiest('chat.update'),
    refusedEdits: of('chat.update').filter(({ refused }) => refused === 'ratelimited').length,
    connections: slack.links.open(),
  };
}

async function answer(asked: SlackAsked): Promise<void> {
  process.send?.({ seen: asked.word === 'type' ? await type(asked.count) : look() });
}

process.on('message', (asked: SlackAsked) => void answer(asked));
process.on('disconnect', () => void slack.dispose().finally(() => process.exit(0)));
const { apiUrl, botToken, appToken } = slack;
process.send?.({ started: { apiUrl, botToken, appToken, channel: CHANNEL, person: PERSON } satisfies SlackStarted });
