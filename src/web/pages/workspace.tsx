import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import type { Finding } from '../../orchestrator/check-workspace.ts';
import type { WorkspaceState } from '../../orchestrator/look.ts';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { Backup } from '../../records/backup.ts';
import { duration } from '../../records/time.ts';
import { ChangeForm, TextField, Tick } from '../change-form.tsx';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Facts, Moment, Note, Size, State, Table, type Tone } from '../show.tsx';
import { requireRole, type Visitor, type WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Bars } from './bars.tsx';
import { LiveList } from './live-list.tsx';
import { OperationTable } from './operations.tsx';
import { isOverdue, Standing, trendOf } from './workspaces.tsx';

const [OPERATIONS, BACKUPS] = [15, 60];
const PICTURE_COLOURS = { bar: '#1d5fae', text: '#5a5f69' };

/** @throws UserError `unknown-workspace`. */
async function look(orchestrator: Orchestrator, name: string): Promise<WorkspaceState> {
  await orchestrator.approvers(name); // whatever else the word may mean, a workspace is meant
  const subject = await orchestrator.lookAt(name);
  const state = subject.kind === 'workspaces' ? subject.states[0] : undefined;
  if (!state) throw new Error(`asked for the workspace ${name}, answered a ${subject.kind}`);
  return state;
}

export function showWorkspace({ orchestrator, clock, overdueAfterMs }: WebWorld): Handler<WebEnv, '/workspaces/:name'> {
  return async (context) => {
    const name = context.req.param('name');
    const state = await look(orchestrator, name);
    const backups = await trendOf(orchestrator, name, BACKUPS);
    const views = await orchestrator.listOperations({ workspace: name, limit: OPERATIONS });
    const overdue = isOverdue(state, clock.now().getTime() - overdueAfterMs);
    return showPage(
      context,
      { title: name, place: '/' },
      <>
        <LiveList context={context}>
          <Now state={state} isOverdue={overdue} approvers={await orchestrator.approvers(name)} />
        </LiveList>
        <WorkspaceActions state={state} visitor={context.get('visitor')} />
        <LastParts backup={state.lastBackup} />
        <h2>
          <a href={`/backups?workspace=${name}`}>Backups</a>
        </h2>
        {backups.length === 0 ? <p>There is none yet.</p> : null}
        <div class="charts">
          {backups.length > 0 ? <Bars backups={backups} of="downtimeMs" title="Downtime" height={70} /> : null}
          {backups.length > 0 ? <Bars backups={backups} of="durationMs" title="Duration" height={70} /> : null}
          {backups.length > 0 ? <Bars backups={backups} of="bytes" title="Size" height={70} /> : null}
        </div>
        <h2>
          <a href={`/operations?workspace=${name}`}>History</a>
        </h2>
        {views.length === 0 ? <p>Nothing has run yet.</p> : <OperationTable views={views} caption="Newest first" />}
      </>,
    );
  };
}

const Now: FC<{ state: WorkspaceState; isOverdue: boolean; approvers: readonly string[] }> = (props) => {
  const { state, isOverdue, approvers } = props;
  return (
    <>
      {state.retentionOff ? (
        <Note tone="warning">
          Nothing is removed by age since <Moment at={state.retentionOff.since} />: {state.retentionOff.because}
        </Note>
      ) : null}
      <Facts
        facts={[
          ['State', <Standing state={state} />],
          ['Services', <Services state={state} />],
          ['Last completed', state.lastBackup ? <Moment at={state.lastBackup.takenAt} /> : 'never'],
          ['Overdue', isOverdue && <State tone="warning">yes</State>],
          [
            'Open requests',
            state.requests.length > 0 && <a href={`/requests?workspace=${state.workspace}`}>{state.requests.length}</a>,
          ],
          ['Approvers', approvers.join(', ') || 'nobody'],
        ]}
      />
    </>
  );
};

const Services: FC<{ state: WorkspaceState }> = ({ state: { services } }) => (
  <span class="stack">
    {services.map(({ name, running, ready }) => (
      <State tone={running ? (ready ? 'good' : 'busy') : 'bad'}>
        {name} {running ? (ready ? 'up' : 'starting') : 'down'}
      </State>
    ))}
  </span>
);

const WorkspaceActions: FC<{ state: WorkspaceState; visitor: Visitor }> = ({ state, visitor }) => (
  <section class="actions" aria-label="Actions">
    <ChangeForm action={`/workspaces/${state.workspace}/backup`} visitor={visitor} label="Back up" look="primary">
      <TextField label="Name" name="name" size={14} maxlength={60} />
      <TextField label="Why" name="reason" size={20} />
      <TextField label="Notice" name="notice" placeholder="as configured" size={12} />
      <Tick label="Do not wait" name="now" />
    </ChangeForm>
    {state.stoppedBy || state.services.some(({ running }) => !running) ? (
      <ChangeForm action={`/workspaces/${state.workspace}/start`} visitor={visitor} label="Start services" />
    ) : null}
    <a class="button" href={`/workspaces/${state.workspace}/check`}>
      Check what a backup would need
    </a>
  </section>
);

const LastParts: FC<{ backup: Backup | undefined }> = ({ backup }) =>
  backup === undefined ? null : (
    <>
      <h2>Parts</h2>
      <Table
        caption="As they were captured last"
        columns={[
          { head: 'Part' },
          { head: 'What' },
          { head: 'Capture' },
          { head: 'Files', isNumber: true },
          { head: 'Size', isNumber: true },
        ]}
        rows={backup.parts.map(({ name, location, kind, capture, files, bytes }) => [
          name,
          `${location} ${kind.replace('-', ' ')}`,
          capture,
          files.toLocaleString('en'),
          <Size bytes={bytes} />,
        ])}
      />
    </>
  );

const backupForm = z.object({
  name: z.string().max(60).optional(),
  reason: z.string().max(300).optional(),
  notice: duration.optional(),
  now: z.literal('yes').optional(),
});

export function backUpWorkspace({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/backup'> {
  return async (context) => {
    const visitor = context.get('visitor');
    requireRole(visitor, 'change');
    const { now, notice, ...wish } = await parseForm(context, backupForm);
    const workspace = context.req.param('name');
    const running = await orchestrator.requestBackup(visitor.person, {
      workspace,
      ...wish,
      noticeMs: now ? 0 : notice,
    });
    return context.redirect(`/operations/${running.operation().id}`, 303);
  };
}

export function startWorkspace({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/start'> {
  return async (context) => {
    const visitor = context.get('visitor');
    requireRole(visitor, 'change');
    await orchestrator.startServices(visitor.person, context.req.param('name'));
    return context.redirect(`/workspaces/${context.req.param('name')}`, 303);
  };
}

const TONES: Record<Finding['state'], Tone> = { good: 'good', warning: 'warning', bad: 'bad' };

export function showCheck({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/check'> {
  return async (context) => {
    const workspace = context.req.param('name');
    const findings = await orchestrator.checkWorkspace(workspace);
    return showPage(
      context,
      { title: `What a backup of ${workspace} would need`, place: '/' },
      <Table
        caption="Looked at just now; nobody was disturbed"
        columns={[{ head: 'About' }, { head: 'State' }, { head: 'Says' }]}
        rows={findings.map(({ about, state, says }) => [about, <State tone={TONES[state]}>{state}</State>, says])}
      />,
    );
  };
}

/** A picture of its own, for mails. */
export function showDowntimePicture({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/downtime.svg'> {
  return async (context) => {
    const name = context.req.param('name');
    await orchestrator.approvers(name);
    const backups = await trendOf(orchestrator, name, BACKUPS);
    const picture = (
      <Bars backups={backups} of="downtimeMs" title={`Downtime of ${name}`} height={70} colours={PICTURE_COLOURS} />
    );
    return context.body(String(await picture), 200, { 'content-type': 'image/svg+xml' });
  };
}
