import type { HomeView, KnownBlock } from '@slack/types';
import type { Backup } from '../../records/backup.ts';
import type { OperationView } from '../../records/operation.ts';
import type { Request } from '../../records/request.ts';
import type { Action } from '../chat.ts';
import { describeRequest, whatIsAsked } from '../messages/request.ts';
import { writeCount, writeKind, writeMoment, writeSize } from '../messages/words.ts';
import { renderActions } from './render-actions.ts';
import { type Piece, richText } from './rich-text.ts';

/** How one workspace stands, as far as the home shows it. */
export interface HomeWorkspace {
  readonly workspace: string;
  readonly operation?: OperationView | undefined;
  readonly lastBackup?: Backup | undefined;
  /** `overdue`: the last backup is older than it may be. `paused`: none is made unasked. */
  readonly freshness: { readonly is: string };
  readonly requests: readonly Request[];
}

/** What one person sees on the app's home. */
export interface HomeFacts {
  readonly workspaces: readonly HomeWorkspace[];
  /** Requests that wait for this very person. */
  readonly mine: readonly Request[];
}

/** Source: @slack/types 3.2: 100 blocks on a home; each request takes up to three. */
const MOST = { requests: 10, operations: 15, workspaces: 40 };

const bold = (text: string): Piece => ({ text, style: { bold: true } });
const header = (text: string): KnownBlock => ({ type: 'header', text: { type: 'plain_text', text, emoji: false } });

function requestBlocks(request: Request, instead: string | undefined): KnownBlock[] {
  const { text, actions } = describeRequest(request);
  if (instead !== undefined) return [richText([[{ text: `${text} ${instead}` }]])];
  return [richText([[{ text }]]), ...renderActions(actions, `home:${request.id}`)];
}

function cancelAction({ id, kind, workspace }: OperationView): Action {
  const confirm = `The ${writeKind(kind)} of ${workspace} is cancelled for everybody.`;
  return { word: 'cancel', given: { subject: id }, label: 'Cancel', style: 'danger', confirm };
}

function operationBlocks(view: OperationView): KnownBlock[] {
  const { id, kind, workspace, by, steps, stopsAt, downSince } = view;
  const step = steps.findLast(({ state }) => state === 'running');
  const now = downSince ? 'services are down' : stopsAt ? `services stop at ${writeMoment(stopsAt)}` : step?.name;
  const line = [
    bold(workspace),
    { text: `: ${writeKind(kind)} ${id}, asked by ${by}${now === undefined ? '' : `; ${now}`}` },
  ];
  const postpone: Action = { word: 'postpone', given: { subject: id, by: '30m' }, label: 'Postpone 30 min' };
  return [richText([line]), ...renderActions([...(stopsAt ? [postpone] : []), cancelAction(view)], `home:${id}`)];
}

function workspaceLine({ workspace, lastBackup, freshness }: HomeWorkspace): Piece[] {
  const paused = freshness.is === 'paused' ? ' (its schedule is paused)' : '';
  if (!lastBackup) return [bold(workspace), { text: `: ⚠️ no backup yet${paused}` }];
  const { takenAt, bytes, files } = lastBackup;
  const about = `${writeMoment(takenAt)}, ${writeCount(files, 'file')}, ${writeSize(bytes)}`;
  return [bold(workspace), { text: `: ${freshness.is === 'overdue' ? '⚠️ OVERDUE, last ' : ''}${about}${paused}` }];
}

function section(title: string, blocks: readonly KnownBlock[], nothing: string): KnownBlock[] {
  return [header(title), ...(blocks.length > 0 ? blocks : [richText([[{ text: nothing }]])])];
}

export interface HomeLook {
  /** Where requests are decided, when that is not by buttons here. */
  readonly decidedElsewhere?: string | undefined;
}

/** The app's home for one person: what waits for them first. */
export function renderHome({ workspaces, mine }: HomeFacts, { decidedElsewhere }: HomeLook): HomeView {
  const running = workspaces.flatMap(({ operation }) => (operation ? [operation] : []));
  const [coming, others] = [running.filter(({ stopsAt }) => stopsAt), running.filter(({ stopsAt }) => !stopsAt)];
  const waiting = workspaces.flatMap(({ requests }) => requests).filter(({ id }) => !mine.some((own) => own.id === id));
  const last = workspaces.slice(0, MOST.workspaces).map(workspaceLine);
  const asked = waiting
    .slice(0, MOST.requests)
    .map((request): Piece[] => [
      { text: `• ${request.workspace}: ${request.by.name} asks to ${whatIsAsked(request)}; ${request.status}` },
    ]);
  return {
    type: 'home',
    blocks: [
      ...section(
        'Waits for you',
        mine.slice(0, MOST.requests).flatMap((request) => requestBlocks(request, decidedElsewhere)),
        'Nothing waits for your approval.',
      ),
      ...section(
        'Services will stop',
        coming.slice(0, MOST.operations).flatMap(operationBlocks),
        'No shutdown is announced.',
      ),
      ...section('Running', others.slice(0, MOST.operations).flatMap(operationBlocks), 'Nothing runs.'),
      ...(asked.length > 0 ? [header('Waits for others'), richText(asked)] : []),
      ...section('Last backups', last.length > 0 ? [richText(last)] : [], 'No workspace is configured.'),
    ],
  };
}
