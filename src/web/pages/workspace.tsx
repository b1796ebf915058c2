import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { isSeen, writePart } from '../../chat/messages/parts.ts';
import { isAppError } from '../../errors.ts';
import type { WorkspaceState } from '../../orchestrator/look.ts';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { QuietHoursFound } from '../../orchestrator/quiet-hours.ts';
import type { Backup } from '../../records/backup.ts';
import type { Freshness } from '../../schedule/overdue.ts';
import { ChangeForm, TextField, Tick } from '../change-form.tsx';
import { showPage } from '../layout.tsx';
import { Facts, Moment, Note, Size, State, Table } from '../show.tsx';
import type { Visitor, WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Bars } from './bars.tsx';
import { QuietHoursMap } from './heat-map.tsx';
import { LiveList } from './live-list.tsx';
import { OperationTable } from './operations.tsx';
import { FreshnessMark, nextBackupAt, Standing, trendOf } from './workspaces.tsx';

const [OPERATIONS, BACKUPS] = [15, 60];

/** @throws UserError `unknown-workspace`. */
async function look(orchestrator: Orchestrator, name: string): Promise<WorkspaceState> {
  await orchestrator.approvers(name); // whatever else the word may mean, a workspace is meant
  const subject = await orchestrator.lookAt(name);
  const state = subject.kind === 'workspaces' ? subject.states[0] : undefined;
  if (!state) throw new Error(`asked for the workspace ${name}, answered a ${subject.kind}`);
  return state;
}

/** Until enough hours were looked at nobody can say. */
async function quietHoursOf(orchestrator: Orchestrator, name: string): Promise<QuietHoursFound | undefined> {
  try {
    return await orchestrator.suggest(name);
  } catch (error) {
    if (isAppError(error) && error.code === 'nothing-to-do') return undefined;
    throw error;
  }
}

export function showWorkspace({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name'> {
  return async (context) => {
    const name = context.req.param('name');
    const state = await look(orchestrator, name);
    const backups = await trendOf(orchestrator, name, BACKUPS);
    const views = await orchestrator.listOperations({ workspace: name, limit: OPERATIONS });
    const [fresh] = await orchestrator.freshness(name);
    const nextAt = nextBackupAt(await orchestrator.listSchedules({}), name);
    const quiet = await quietHoursOf(orchestrator, name);
    return showPage(
      context,
      { title: name, place: '/' },
      <>
        <LiveList context={context}>
          <Now
            {...{ state, nextAt, freshness: fresh?.freshness ?? { is: 'unwatched' } }}
            approvers={await orchestrator.approvers(name)}
          />
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
        {quiet ? (
          <>
            <h2>Hours of the week</h2>
            <QuietHoursMap found={quiet} />
          </>
        ) : null}
        <h2>
          <a href={`/operations?workspace=${name}`}>History</a>
        </h2>
        {views.length === 0 ? <p>Nothing has run yet.</p> : <OperationTable views={views} caption="Newest first" />}
      </>,
    );
  };
}

interface NowProps {
  readonly state: WorkspaceState;
  readonly freshness: Freshness;
  readonly nextAt: string | undefined;
  readonly approvers: readonly string[];
}

const Now: FC<NowProps> = ({ state, freshness, nextAt, approvers }) => {
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
          ['Young enough', freshness.is !== 'unwatched' && <FreshnessMark freshness={freshness} />],
          ['Next backup', nextAt && <Moment at={nextAt} />],
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
    <span class="row">
      <a class="button" href={`/workspaces/${state.workspace}/check`}>
        Check what a backup would need
      </a>
      <a class="button" href={`/workspaces/${state.workspace}/retention`}>
        See what the rules keep
      </a>
    </span>
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
        rows={backup.parts.map((part) => [
          part.name,
          writePart(part),
          part.capture,
          isSeen(part) ? part.files.toLocaleString('en') : '',
          isSeen(part) ? <Size bytes={part.bytes} /> : 'not told',
        ])}
      />
    </>
  );
