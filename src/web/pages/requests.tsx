import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { whatIsAsked } from '../../chat/messages/request.ts';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { Request } from '../../records/request.ts';
import { workspaceName } from '../../records/workspace.ts';
import { parseQuery } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Moment, Table } from '../show.tsx';
import { RequestState } from '../states.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { LiveList } from './live-list.tsx';

const [OPEN, DECIDED] = [200, 50];
const query = z.object({ workspace: workspaceName.optional() });

export function showRequests({ orchestrator }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const wanted = parseQuery(context, query);
    const filter = wanted.workspace === undefined ? {} : { workspace: wanted.workspace };
    const open = await orchestrator.listRequests({ ...filter, status: ['pending', 'approved'], limit: OPEN });
    const over = await orchestrator.listRequests({
      ...filter,
      status: ['denied', 'expired', 'withdrawn', 'used'],
      limit: DECIDED,
    });
    const waitsFor = await findDeciders(orchestrator, open);
    return showPage(
      context,
      { title: wanted.workspace === undefined ? 'Requests' : `Requests for ${wanted.workspace}`, place: '/requests' },
      <LiveList context={context}>
        <h2>Open</h2>
        {open.length === 0 ? (
          <p>Nothing waits for a decision.</p>
        ) : (
          <RequestTable requests={open} caption="Newest first" waitsFor={waitsFor} />
        )}
        <h2>Decided</h2>
        {over.length === 0 ? <p>None yet.</p> : <RequestTable requests={over} caption={`The newest ${DECIDED}`} />}
      </LiveList>,
    );
  };
}

/** Of each request that waits, who may still decide on it: not who asked, and nobody twice. */
async function findDeciders(
  orchestrator: Orchestrator,
  requests: readonly Request[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const pending = requests.filter(({ status }) => status === 'pending');
  const workspaces = [...new Set(pending.map(({ workspace }) => workspace))];
  const approvers = new Map(
    await Promise.all(workspaces.map(async (name) => [name, await approversOf(orchestrator, name)] as const)),
  );
  return new Map(
    pending.map(({ id, workspace, by, votes }) => {
      const said = [by, ...votes.map((vote) => vote.by)].map(({ name }) => name);
      return [id, (approvers.get(workspace) ?? []).filter((name) => !said.includes(name))];
    }),
  );
}

/** A request outlives its workspace in the configuration: then nobody may decide. */
export async function approversOf(orchestrator: Orchestrator, workspace: string): Promise<readonly string[]> {
  return orchestrator.workspaces().includes(workspace) ? orchestrator.approvers(workspace) : [];
}

interface RequestTableProps {
  readonly requests: readonly Request[];
  readonly caption: string;
  /** Given where requests may still wait for somebody. */
  readonly waitsFor?: ReadonlyMap<string, readonly string[]>;
}

const RequestTable: FC<RequestTableProps> = ({ requests, caption, waitsFor }) => (
  <Table
    caption={caption}
    columns={[
      { head: 'Request' },
      { head: 'Workspace' },
      { head: 'What' },
      { head: 'Asked by' },
      { head: 'Asked' },
      { head: 'State' },
      { head: 'Approvals', isNumber: true },
      ...(waitsFor ? [{ head: 'Waits for', isText: true }] : []),
      { head: 'Why', isText: true },
    ]}
    rows={requests.map((request) => [
      <a href={`/requests/${request.id}`}>{request.id}</a>,
      <a href={`/workspaces/${request.workspace}`}>{request.workspace}</a>,
      whatIsAsked(request),
      request.by.name,
      <Moment at={request.askedAt} />,
      <RequestState status={request.status} />,
      `${request.votes.filter(({ approves }) => approves).length} of ${request.votesNeeded}`,
      ...(waitsFor ? [waitsFor.get(request.id)?.join(', ') ?? ''] : []),
      request.reason ?? '',
    ])}
  />
);
