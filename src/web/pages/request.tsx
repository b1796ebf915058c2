import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { isSameHuman } from '../../approval/rules.ts';
import { describeDeletePlan, describeRestorePlan, describeUndoPlan } from '../../chat/messages/request.ts';
import { writeKind } from '../../chat/messages/words.ts';
import type { Decision } from '../../orchestrator/decide.ts';
import type { Request } from '../../records/request.ts';
import { ChangeForm, TextField, Tick } from '../change-form.tsx';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Facts, Moment, Note, Table } from '../show.tsx';
import { RequestState } from '../states.tsx';
import type { Visitor, WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Lines } from './ask.tsx';
import { approversOf } from './requests.tsx';

export function showRequest({ orchestrator }: WebWorld): Handler<WebEnv, '/requests/:id'> {
  return async (context) => {
    const id = context.req.param('id');
    const subject = await orchestrator.lookAt(id.startsWith('req_') ? id : `req_${id}`);
    if (subject.kind !== 'request') throw new Error(`asked for the request ${id}, answered a ${subject.kind}`);
    const { request } = subject;
    return showPage(
      context,
      { title: `${request.by.name} asks for ${aKind(request)} of ${request.workspace}`, place: '/requests' },
      <>
        <RequestFacts request={request} />
        <h2>What it would do</h2>
        <Lines lines={planOf(request)} />
        <Votes request={request} />
        <Deciding
          request={request}
          visitor={context.get('visitor')}
          approvers={await approversOf(orchestrator, request.workspace)}
        />
      </>,
    );
  };
}

function aKind({ kind }: Request): string {
  return `${kind === 'undo' ? 'an' : 'a'} ${writeKind(kind)}`;
}

function planOf(request: Request): string[] {
  if (request.kind === 'restore') return describeRestorePlan(request.plan);
  return request.kind === 'undo' ? describeUndoPlan(request.plan) : describeDeletePlan(request.plan);
}

const RequestFacts: FC<{ request: Request }> = ({ request }) => (
  <Facts
    facts={[
      ['State', <RequestState status={request.status} />],
      ['Workspace', <a href={`/workspaces/${request.workspace}`}>{request.workspace}</a>],
      ['Backup', <a href={`/backups/${request.backupId}`}>{request.backupId}</a>],
      ['Id', request.id],
      ['Asked', <Moment at={request.askedAt} />],
      ['Reason', request.reason],
      ['Approvals', `${request.votes.filter(({ approves }) => approves).length} of ${request.votesNeeded}`],
      [request.status === 'pending' ? 'Expires' : 'Expired or expires', <Moment at={request.expiresAt} />],
      ['Runs as', request.operationId && <a href={`/operations/${request.operationId}`}>{request.operationId}</a>],
    ]}
  />
);

const Votes: FC<{ request: Request }> = ({ request: { votes } }) =>
  votes.length === 0 ? null : (
    <>
      <h2>Decisions</h2>
      <Table
        caption="In the order in which they were made"
        columns={[{ head: 'Who' }, { head: 'Decided' }, { head: 'When' }, { head: 'Reason', isText: true }]}
        rows={votes.map(({ by, approves, at, reason, breakGlass }) => [
          by.name,
          breakGlass ? 'approved alone, breaking the glass' : approves ? 'approved' : 'denied',
          <Moment at={at} />,
          reason ?? '',
        ])}
      />
    </>
  );

/** Who may not decide is told so by the orchestrator; what is shown here only spares them the try. */
const Deciding: FC<{ request: Request; visitor: Visitor; approvers: readonly string[] }> = (props) => {
  const { request, visitor, approvers } = props;
  const isOwn = isSameHuman(request.by, visitor.person);
  const isOpen = request.status === 'pending' || request.status === 'approved';
  return (
    <section class="actions" aria-label="Decide">
      {isOwn && isOpen ? (
        <>
          <Note tone="info">You asked for it, so another person decides: {othersOf(approvers, visitor)}.</Note>
          <ChangeForm action={`/requests/${request.id}/withdraw`} visitor={visitor} label="Take it back" />
        </>
      ) : null}
      {!isOwn && request.status === 'pending' ? <DecisionForms request={request} visitor={visitor} /> : null}
      {request.status === 'pending' && request.kind !== 'delete' && visitor.scopes.includes('approve') ? (
        <details>
          <summary>In an emergency</summary>
          <p>Who may break the glass approves alone. Everyone is paged, and it stands in the audit trail.</p>
          <ChangeForm
            action={`/requests/${request.id}/break-glass`}
            visitor={visitor}
            scope="approve"
            label="Break the glass"
            look="danger"
          >
            <TextField label="What cannot wait, and why" name="reason" size={40} required />
            <AcceptIncomplete request={request} />
          </ChangeForm>
        </details>
      ) : null}
    </section>
  );
};

function othersOf(approvers: readonly string[], { person }: Visitor): string {
  return approvers.filter((name) => name !== person.name).join(', ') || 'nobody may, as it is configured';
}

const DecisionForms: FC<{ request: Request; visitor: Visitor }> = ({ request, visitor }) => (
  <>
    <ChangeForm
      action={`/requests/${request.id}/approve`}
      visitor={visitor}
      scope="approve"
      label="Approve"
      look="primary"
    >
      <TextField label="Remark" name="reason" size={24} />
      <AcceptIncomplete request={request} />
    </ChangeForm>
    <ChangeForm action={`/requests/${request.id}/deny`} visitor={visitor} scope="approve" label="Deny" look="danger">
      <TextField label="Why not" name="reason" size={24} required />
    </ChangeForm>
  </>
);

const AcceptIncomplete: FC<{ request: Request }> = ({ request }) =>
  request.kind === 'restore' && request.plan.missing ? (
    <Tick label="I know what this backup lacks" name="acceptsIncomplete" required />
  ) : null;

const decisionForm = z.object({
  reason: z.string().max(300).optional(),
  acceptsIncomplete: z.literal('yes').optional(),
});

export function decideOn(
  { orchestrator }: WebWorld,
  way: Pick<Decision, 'approves' | 'breakGlass'>,
): Handler<WebEnv, '/requests/:id/approve'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { reason, acceptsIncomplete } = await parseForm(context, decisionForm);
    const { request, running } = await orchestrator.decide(visitor.person, {
      request: context.req.param('id'),
      ...way,
      reason,
      acceptsIncomplete: acceptsIncomplete === 'yes',
    });
    const next = running ? `/operations/${running.operation().id}` : `/requests/${request.id}`;
    return context.redirect(next, 303);
  };
}

export function withdraw({ orchestrator }: WebWorld): Handler<WebEnv, '/requests/:id/withdraw'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const id = context.req.param('id');
    await orchestrator.cancel(visitor.person, id.startsWith('req_') ? id : `req_${id}`);
    return context.redirect(`/requests/${id}`, 303);
  };
}
