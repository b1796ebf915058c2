import type { Handler } from 'hono';
import { showPage } from '../layout.tsx';
import { Moment, State, Table } from '../show.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';

/** Nothing is removed by looking: who wants it to happen has schedules for it. */
export function showRetention({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/retention'> {
  return async (context) => {
    const workspace = context.req.param('name');
    const { kept, goes } = await orchestrator.planRetention(workspace);
    const rows = [
      ...goes.map((one) => ({ ...one, state: <State tone="warning">would go</State> })),
      ...kept.map((one) => ({ ...one, state: <State tone="good">kept</State> })),
    ];
    return showPage(
      context,
      { title: `What the rules keep of ${workspace}`, place: '/' },
      rows.length === 0 ? (
        <p>There is no backup yet.</p>
      ) : (
        <Table
          caption="What would go first, then what is kept; nothing was removed"
          columns={[{ head: 'Backup' }, { head: 'Taken' }, { head: 'State' }, { head: 'Because', isText: true }]}
          rows={rows.map(({ id, takenAt, state, because }) => [
            <a href={`/backups/${id}`}>{id}</a>,
            <Moment at={takenAt} />,
            state,
            because.join(', '),
          ])}
        />
      ),
    );
  };
}
