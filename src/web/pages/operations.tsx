import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { writeKind } from '../../chat/messages/words.ts';
import type { OperationView } from '../../records/operation.ts';
import { workspaceName } from '../../records/workspace.ts';
import { parseQuery } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Length, Moment, Table } from '../show.tsx';
import { OperationState } from '../states.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { LiveList } from './live-list.tsx';

const ROWS = 50;
const query = z.object({ workspace: workspaceName.optional() });

export function showOperations({ orchestrator }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const { workspace } = parseQuery(context, query);
    const views = await orchestrator.listOperations({ workspace, limit: ROWS });
    return showPage(
      context,
      { title: workspace === undefined ? 'Operations' : `Operations of ${workspace}`, place: '/operations' },
      <LiveList context={context}>
        {views.length === 0 ? (
          <p>Nothing has run yet.</p>
        ) : (
          <OperationTable views={views} caption={`The newest ${ROWS}`} />
        )}
      </LiveList>,
    );
  };
}

export const OperationTable: FC<{ views: readonly OperationView[]; caption: string }> = ({ views, caption }) => (
  <Table
    caption={caption}
    columns={[
      { head: 'Operation' },
      { head: 'Workspace' },
      { head: 'State' },
      { head: 'Asked by' },
      { head: 'Began' },
      { head: 'Took', isNumber: true },
      { head: 'Downtime', isNumber: true },
      { head: 'Why', isText: true },
    ]}
    rows={views.map((view) => [
      <a href={`/operations/${view.id}`}>
        {writeKind(view.kind)} {view.id}
      </a>,
      <a href={`/workspaces/${view.workspace}`}>{view.workspace}</a>,
      <OperationState status={view.status} />,
      view.by,
      <Moment at={view.startedAt} />,
      view.endedAt ? (
        <Length ms={Date.parse(view.endedAt) - Date.parse(view.startedAt)} />
      ) : (
        <span data-since={view.startedAt}>runs</span>
      ),
      view.downtimeMs === undefined ? '' : <Length ms={view.downtimeMs} />,
      view.error?.message ?? view.reason ?? '',
    ])}
  />
);
