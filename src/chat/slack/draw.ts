import type { ContextBlock, KnownBlock, PlanBlock, SectionBlock } from '@slack/types';
import type { OperationView } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { progressSentence } from '../messages/operation-runs.ts';
import { MOMENT, writeKind } from '../messages/words.ts';
import { asMessageText, cut, escapeText, inSlackWords, MOMENT_FORMAT, secondsOf } from './escape.ts';
import { renderActions } from './render-actions.ts';
import { type Rendered, TONE_WORDS } from './render-answer.ts';
import { richText } from './rich-text.ts';

/** Whom a message calls: a person (U…), a user group (S…), `here` or `channel`. */
export type Mention = string;

const MOST_DETAILS = 20;
/** Room for what stands around it: Slack's own limit for an edit is 4,000. */
const MOST_TEXT = 3_800;
const MOST_SECTION = 3_000;
/** Moments that are told by the reader's own clock. */
const MOST_BELOW = 10;
/** More are hard to read, and many broke messages of others. Source: reference/chatops-anchors.md G. */
const MOST_TASKS = 10;
const TASK_TITLE = 100;

function mentionText(mention: Mention): string {
  if (mention === 'here' || mention === 'channel') return `<!${mention}>`;
  return mention.startsWith('S') ? `<!subteam^${mention}>` : `<@${mention}>`;
}

/**
 * A message as it stands in Slack. What people and machines wrote stands in plain text, which mentions, links and formats
 * nothing; whom it calls, and its moments by each reader's own clock, below it. No `rich_text`: Slack refuses to turn that
 * into other blocks with a later edit (`block_mismatch`).
 */
export function drawMessage(
  message: Message,
  more: { mentions?: readonly Mention[]; plan?: PlanBlock; catalogUrl?: string | undefined } = {},
): Rendered {
  const { tone, text, details = [], actions = [] } = message;
  const { mentions = [], plan } = more;
  const link = linkOf(message, more.catalogUrl);
  const shown = details.slice(0, MOST_DETAILS);
  const left = details.length - shown.length;
  const lines = [...shown.map((detail) => `• ${detail}`), ...(left > 0 ? [`… and ${left} more.`] : [])];
  const said = [`${TONE_WORDS[tone]}${text}`, ...lines].join('\n');
  const calls = mentions.map(mentionText).join(' ');
  const below = [calls, link, ...momentsOf(said).slice(0, MOST_BELOW)].filter((one) => one !== '').join('\n');
  return {
    text: `${calls}${calls === '' ? '' : ' '}${asMessageText(said, MOST_TEXT - link.length)}${link === '' ? '' : `\n${link}`}`,
    blocks: [
      plainSection(said),
      ...(below === '' ? [] : [contextOf(below)]),
      ...(plan ? [plan] : []),
      ...renderActions(actions),
    ],
  };
}

function linkOf({ backupId }: Message, catalogUrl: string | undefined): string {
  if (backupId === undefined || catalogUrl === undefined) return '';
  const { href } = new URL(`${catalogUrl}/backups/${encodeURIComponent(backupId)}`);
  return `<${escapeText(href).replaceAll('|', '%7C')}|${backupId} in the catalog>`;
}

function plainSection(text: string): SectionBlock {
  return { type: 'section', text: { type: 'plain_text', text: cut(inSlackWords(text), MOST_SECTION), emoji: false } };
}

/** In one element: Slack sets several beside each other. */
function contextOf(text: string): ContextBlock {
  return { type: 'context', elements: [{ type: 'mrkdwn', text }] };
}

/** `2026-03-01 12:15 UTC is Mar 1st, 1:15 PM for you`, for each moment that a text names. */
function momentsOf(text: string): string[] {
  return [...new Set(text.match(MOMENT))].map((written) => {
    const [day = '', time = ''] = written.split(' ');
    return `${written} is <!date^${secondsOf(day, time)}^${MOMENT_FORMAT}|${written}> for you`;
  });
}

type Step = OperationView['steps'][number];
type Task = Record<string, unknown>;

const STATES = { waiting: 'pending', running: 'in_progress', done: 'complete', failed: 'error' } as const;

/** The steps of an operation: what is done and what is far ahead become one line each where there are many. */
export function drawPlan(view: OperationView): PlanBlock {
  const wanted = view.steps.filter(({ state }) => view.status === 'running' || state !== 'waiting');
  const firstOpen = wanted.findIndex(({ state }) => state !== 'done');
  const done = wanted.length <= MOST_TASKS ? 0 : firstOpen === -1 ? wanted.length : firstOpen;
  const rest = wanted.slice(done);
  const room = MOST_TASKS - (done > 0 ? 1 : 0);
  const shown = rest.length <= room ? rest : rest.slice(0, room - 1);
  const ahead = rest.length - shown.length;
  const lastRunning = wanted.findLast(({ state }) => state === 'running');
  const progress = progressSentence(view);
  return {
    type: 'plan',
    title: cut(`${writeKind(view.kind)} of ${view.workspace}`, TASK_TITLE),
    tasks: [
      ...(done > 0 ? [task('done', `${done} steps`, 'complete')] : []),
      ...shown.map((step) =>
        task(`step-${view.steps.indexOf(step)}`, title(step), STATES[step.state], step === lastRunning ? progress : ''),
      ),
      ...(ahead > 0 ? [task('ahead', `${ahead} more`, 'pending')] : []),
    ],
  };
}

/** Of a step that runs the time is not told: it would be another picture each second. */
function title({ name, beganAt, endedAt }: Step): string {
  if (beganAt === undefined || endedAt === undefined) return name;
  return `${name} (${writeDuration(Date.parse(endedAt) - Date.parse(beganAt))})`;
}

function task(id: string, name: string, status: string, details = ''): Task {
  return {
    type: 'task_card',
    task_id: id,
    title: cut(name, TASK_TITLE),
    status,
    ...(details === '' ? {} : { details: richText([[{ text: details }]]) }),
  };
}

const MARKS: Readonly<Record<string, string>> = { pending: '·', in_progress: '▸', complete: '✓', error: '✗' };

/** The same without blocks that an older Slack does not know; nothing where there is nothing plainer. */
export function plainer({ text, blocks }: Rendered): Rendered | undefined {
  if (!blocks.some(({ type }) => type === 'plan')) return undefined;
  return { text, blocks: blocks.map((block): KnownBlock => (block.type === 'plan' ? planAsText(block) : block)) };
}

function planAsText({ tasks = [] }: PlanBlock): SectionBlock {
  return plainSection(tasks.map((one) => `${MARKS[String(one.status)] ?? '·'} ${String(one.title)}`).join('\n'));
}
