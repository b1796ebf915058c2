import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { type BackupOrder, backupOrder } from '../../catalog/backup-query.ts';
import type { Expiry } from '../../orchestrator/expiry.ts';
import type { Kept } from '../../orchestrator/where-kept.ts';
import { type Backup, backup } from '../../records/backup.ts';
import { personName } from '../../records/person.ts';
import { workspaceName } from '../../records/workspace.ts';
import { parseQuery } from '../form.ts';
import { showPage } from '../layout.tsx';
import { type Column, Length, Moment, Size, State, Table } from '../show.tsx';
import { BackupState } from '../states.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { BackupFilterForm } from './backup-filter.tsx';
import { Stays } from './stays.tsx';

const ROWS = 50;
const DAY_MS = 24 * 3_600_000;

export const backupsQuery = z.object({
  workspace: workspaceName.optional(),
  state: backup.shape.status.optional(),
  trigger: backup.shape.trigger.optional(),
  by: personName.optional(),
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  text: z.string().max(200).optional(),
  order: backupOrder.default('takenAt'),
  direction: z.enum(['up', 'down']).default('down'),
  after: z.string().max(1_000).optional(),
});
export type BackupsQuery = z.infer<typeof backupsQuery>;

export function showBackups({ orchestrator }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const query = parseQuery(context, backupsQuery);
    const { state: status, from, to, direction, ...same } = query;
    const { backups, next } = await orchestrator.pageBackups({
      ...same,
      status,
      from: from === undefined ? undefined : Date.parse(from),
      before: to === undefined ? undefined : Date.parse(to) + DAY_MS,
      ascending: direction === 'up',
      limit: ROWS,
    });
    const kept = onceEach((workspace) => orchestrator.whereKept(workspace));
    const expiry = await orchestrator.expiryOf(backups);
    return showPage(
      context,
      { title: 'Backups', place: '/backups' },
      <>
        <BackupFilterForm query={query} workspaces={orchestrator.workspaces()} />
        {backups.length === 0 ? (
          <p>No backup is like that.</p>
        ) : (
          <BackupTable query={query} backups={backups} kept={kept} expiry={expiry} />
        )}
        <nav class="pages" aria-label="Pages">
          {query.after === undefined ? null : <a href={addressOf({ ...query, after: undefined })}>First page</a>}
          {next === undefined ? null : (
            <a href={addressOf({ ...query, after: next })} rel="next">
              Next {ROWS}
            </a>
          )}
        </nav>
      </>,
    );
  };
}

/** The same list with other wishes; what is as it would be anyway is left out. */
export function addressOf({ order, direction, ...rest }: BackupsQuery): string {
  const fields = {
    ...rest,
    ...(order === 'takenAt' ? {} : { order }),
    ...(direction === 'down' ? {} : { direction }),
  };
  const said = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return said.length === 0 ? '/backups' : `/backups?${new URLSearchParams(said)}`;
}

const COLUMNS: readonly { head: string; order?: BackupOrder; isNumber?: boolean }[] = [
  { head: 'Backup', order: 'name' },
  { head: 'Workspace', order: 'workspace' },
  { head: 'Taken', order: 'takenAt' },
  { head: 'By', order: 'by' },
  { head: 'Size', order: 'bytes', isNumber: true },
  { head: 'Added', order: 'addedBytes', isNumber: true },
  { head: 'Files', order: 'files', isNumber: true },
  { head: 'Took', order: 'durationMs', isNumber: true },
  { head: 'Downtime', order: 'downtimeMs', isNumber: true },
  { head: 'Capture' },
  { head: 'Protected' },
  { head: 'State' },
  { head: 'Verified' },
  { head: 'Expires' },
  { head: 'Actions' },
];

interface TableProps {
  readonly query: BackupsQuery;
  readonly backups: readonly Backup[];
  readonly kept: (workspace: string) => Kept | undefined;
  readonly expiry: ReadonlyMap<string, Expiry>;
}

const BackupTable: FC<TableProps> = ({ query, backups, kept, expiry }) => (
  <Table
    caption={captionOf(query)}
    columns={COLUMNS.map((column) => sortable(column, query))}
    rows={backups.map((one) => [
      <Name backup={one} />,
      <a href={`/workspaces/${one.workspace}`}>{one.workspace}</a>,
      <Moment at={one.takenAt} />,
      <Maker backup={one} />,
      <Size bytes={one.bytes} />,
      <Size bytes={one.addedBytes} />,
      one.files.toLocaleString('en'),
      <Length ms={one.durationMs} />,
      <Length ms={one.downtimeMs} />,
      <Captured backup={one} />,
      kept(one.workspace)?.short ?? '',
      <Standing backup={one} />,
      one.verified ? <Verified verified={one.verified} /> : '',
      <Expires backup={one} expiry={expiry.get(one.id)} />,
      one.status === 'deleted' || one.status === 'deleting' ? '' : <a href={`/backups/${one.id}/restore`}>Restore</a>,
    ])}
  />
);

function captionOf({ order, direction }: BackupsQuery): string {
  const isUp = direction === 'up';
  if (order === 'takenAt') return isUp ? 'Oldest first' : 'Newest first';
  const head = COLUMNS.find((column) => column.order === order)?.head.toLowerCase() ?? order;
  return `Sorted by ${head}, the ${isUp ? 'least' : 'greatest'} first`;
}

function sortable({ head, order, isNumber = false }: (typeof COLUMNS)[number], query: BackupsQuery): Column {
  if (order === undefined) return { head };
  const isSorted = query.order === order;
  const direction = isSorted && query.direction === 'down' ? 'up' : 'down';
  const arrow = query.direction === 'up' ? '↑' : '↓';
  const shown = (
    <a href={addressOf({ ...query, order, direction, after: undefined })}>
      {head}
      {isSorted ? <span aria-hidden="true"> {arrow}</span> : null}
    </a>
  );
  return {
    head,
    isNumber,
    shown,
    sorted: isSorted ? (query.direction === 'up' ? 'ascending' : 'descending') : undefined,
  };
}

const Name: FC<{ backup: Backup }> = ({ backup: { id, name } }) => (
  <span class="stack">
    <a href={`/backups/${id}`}>{name ?? id}</a>
    {name === undefined ? null : <small>{id}</small>}
  </span>
);

const Maker: FC<{ backup: Backup }> = ({ backup: { by, trigger } }) => (
  <span class="stack">
    {trigger === 'schedule' ? 'a schedule' : by.name}
    {trigger === 'vendor' ? <small>in the vendor's page</small> : null}
  </span>
);

const Captured: FC<{ backup: Backup }> = ({ backup }) => (
  <span class="stack">
    {capturesOf(backup).map((capture) => (
      <span>{capture}</span>
    ))}
    <small>release {backup.release}</small>
  </span>
);

const Verified: FC<{ verified: NonNullable<Backup['verified']> }> = ({ verified: { at } }) => (
  <State tone="good">
    <Moment at={at} />
  </State>
);

const Expires: FC<{ backup: Backup; expiry: Expiry | undefined }> = ({ backup: { workspace }, expiry }) =>
  expiry ? <Stays expiry={expiry} workspace={workspace} /> : null;

/** A page asks of each workspace once. */
function onceEach<Found>(find: (workspace: string) => Found): (workspace: string) => Found {
  const known = new Map<string, Found>();
  return (workspace) => {
    if (!known.has(workspace)) known.set(workspace, find(workspace));
    return known.get(workspace) as Found;
  };
}

export const Standing: FC<{ backup: Backup }> = ({ backup: { status, safetyFor } }) => (
  <span class="stack">
    <BackupState status={status} />
    {safetyFor ? <span>safety copy</span> : null}
  </span>
);

export function capturesOf({ parts }: Pick<Backup, 'parts'>): string[] {
  return [...new Set(parts.map(({ capture }) => capture))];
}
