import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { writeName } from '../../chat/messages/words.ts';
import type { AuditEntry } from '../../records/audit.ts';
import { personName } from '../../records/person.ts';
import { workspaceName } from '../../records/workspace.ts';
import { parseQuery } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Moment, Size, Table } from '../show.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';

const ROWS = 100;
const HEADS = ['When', 'Who', 'Known by', 'Did', 'Workspace', 'Subject', 'Reason'];

const auditQuery = z.object({
  workspace: workspaceName.optional(),
  by: personName.optional(),
  subject: z.string().max(100).optional(),
  before: z.string().max(30).optional(),
});
type AuditWish = z.infer<typeof auditQuery>;

export function showAudit({ orchestrator }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const wish = parseQuery(context, auditQuery);
    const { entries, next } = await orchestrator.pageAudit({ ...wish, limit: ROWS });
    const rows = entries.map(({ at, by, did, workspace, subject, reason, file }) => [
      <Moment at={at} />,
      by.name,
      by.proof,
      did,
      workspace ? <a href={`/workspaces/${workspace}`}>{workspace}</a> : '',
      subject ? <Subject id={subject} file={file} /> : '',
      reason ?? '',
    ]);
    const columns = HEADS.map((head) => ({ head, isText: head === 'Reason' }));
    return showPage(
      context,
      { title: 'Audit', place: '/audit' },
      <>
        <AuditFilter wish={wish} workspaces={orchestrator.workspaces()} />
        {rows.length === 0 ? (
          <p>Nothing of that kind stands on this page.</p>
        ) : (
          <Table caption="Newest first" columns={columns} rows={rows} />
        )}
        <nav class="pages" aria-label="Pages">
          {wish.before === undefined ? null : <a href={addressOf({ ...wish, before: undefined })}>Newest</a>}
          {next === undefined ? null : (
            <a href={addressOf({ ...wish, before: next })} rel="next">
              Older
            </a>
          )}
        </nav>
      </>,
    );
  };
}

function addressOf(wish: AuditWish): string {
  const said = Object.entries(wish).filter((field): field is [string, string] => field[1] !== undefined);
  return said.length === 0 ? '/audit' : `/audit?${new URLSearchParams(said)}`;
}

const PLACES = { op: 'operations', bkp: 'backups', req: 'requests' } as const;

const Subject: FC<{ id: string } & Pick<AuditEntry, 'file'>> = ({ id, file }) => {
  const kind = /^(op|bkp|req)_[0-9a-z]{10}$/.exec(id)?.[1] as keyof typeof PLACES | undefined;
  return (
    <span class="stack">
      {kind === undefined ? <span>{id}</span> : <a href={`/${PLACES[kind]}/${id}`}>{id}</a>}
      {file && file.path !== '' ? <bdi>{writeName(file.path)}</bdi> : null}
      {file?.bytes === undefined ? null : <Size bytes={file.bytes} />}
    </span>
  );
};

const AuditFilter: FC<{ wish: AuditWish; workspaces: readonly string[] }> = ({ wish, workspaces }) => (
  <form class="row" method="get" action="/audit" aria-label="Filter">
    <label>
      Workspace
      <select name="workspace">
        <option value="">any</option>
        {workspaces.map((name) => (
          <option value={name} selected={name === wish.workspace}>
            {name}
          </option>
        ))}
      </select>
    </label>
    <label>
      Who
      <input name="by" value={wish.by} size={12} />
    </label>
    <label>
      Operation, backup or request
      <input name="subject" value={wish.subject} size={18} />
    </label>
    <button type="submit">Show</button>
    <a href="/audit">Show all</a>
  </form>
);
