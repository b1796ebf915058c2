import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { ScheduleView } from '../../orchestrator/schedules.ts';
import { scheduleName } from '../../records/schedule-state.ts';
import { workspaceName } from '../../records/workspace.ts';
import { ChangeForm, TextField } from '../change-form.tsx';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Moment, Note, State, Table, type Tone } from '../show.tsx';
import type { Visitor, WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { LiveList } from './live-list.tsx';
import { Week } from './week.tsx';

export function showSchedules({ orchestrator, clock }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const views = await orchestrator.listSchedules({});
    return showPage(
      context,
      { title: 'Schedules', place: '/schedules' },
      <>
        {views.length > 0 && !orchestrator.isResident() ? (
          <Note tone="warning">
            This server was started by a word: after the machine was started again nothing begins.
          </Note>
        ) : null}
        {views.length === 0 ? (
          <p>Nothing is scheduled. Schedules stand in cml.yaml, under a workspace.</p>
        ) : (
          <>
            <h2>The next seven days</h2>
            <p class="faint">Days are those of UTC; of each schedule the next five times.</p>
            <Week views={views} now={clock.now()} />
            <h2>Each schedule</h2>
            <LiveList context={context}>
              <ScheduleTable views={views} />
            </LiveList>
            <h2>Change</h2>
            {views.filter(isOfWorkspace).map((view) => (
              <Changes view={view} visitor={context.get('visitor')} />
            ))}
          </>
        )}
      </>,
    );
  };
}

const ScheduleTable: FC<{ views: readonly ScheduleView[] }> = ({ views }) => (
  <Table
    caption="As configured"
    columns={['Schedule', 'Does', 'When', 'Next', 'Last', 'State'].map((head) => ({ head }))}
    rows={views.map((view) => [
      nameOf(view),
      view.schedule.does,
      <span class="stack">
        {view.words}
        <small>{view.schedule.settings.zone}</small>
      </span>,
      view.next[0] ? <Moment at={view.next[0].at} /> : 'none',
      <Last view={view} />,
      <Standing view={view} />,
    ])}
  />
);

/** What is of all workspaces is changed in the configuration only. */
function isOfWorkspace({ schedule }: ScheduleView): boolean {
  return schedule.workspace !== undefined;
}

/** What is of no workspace is of all of them. */
function nameOf({ schedule: { workspace, name } }: ScheduleView): string {
  return workspace === undefined ? name : `${workspace}: ${name}`;
}

type Outcome = NonNullable<ScheduleView['state']['lastOutcome']>;

const TONES: Record<Outcome['status'], Tone> = {
  launched: 'good',
  done: 'good',
  skipped: 'quiet',
  'put-off': 'warning',
  missed: 'warning',
  failed: 'bad',
};

const Last: FC<{ view: ScheduleView }> = ({ view: { last, state } }) => {
  const outcome = state.lastOutcome;
  if (!outcome) return <span>not yet</span>;
  return (
    <span class="stack">
      <State tone={TONES[outcome.status]}>{outcome.status}</State>
      <Moment at={outcome.at} />
      {outcome.because ? <span>{outcome.because}</span> : null}
      {last ? (
        <a href={`/operations/${last.id}`}>
          {last.id} {last.status}
        </a>
      ) : null}
    </span>
  );
};

const Standing: FC<{ view: ScheduleView }> = ({ view: { state } }) => (
  <span class="stack">
    {state.paused ? (
      <State tone="warning">
        paused by {state.paused.by}
        {state.paused.reason ? `: ${state.paused.reason}` : ''}
      </State>
    ) : (
      <State tone="good">on</State>
    )}
    {state.skip ? (
      <span>
        leaves out <Moment at={state.skip.slotAt} /> ({state.skip.by})
      </span>
    ) : null}
    {state.missed.length > 0 ? <span>{state.missed.length} missed lately</span> : null}
  </span>
);

const Changes: FC<{ view: ScheduleView; visitor: Visitor }> = ({ view, visitor }) => (
  <section class="actions" aria-label={nameOf(view)}>
    <strong>{nameOf(view)}</strong>
    {view.state.paused ? (
      <Change view={view} visitor={visitor} what="resume" label="Resume" />
    ) : (
      <>
        <Change view={view} visitor={visitor} what="pause" label="Pause" />
        {view.state.skip ? (
          <Change view={view} visitor={visitor} what="resume" label="Skip nothing" />
        ) : (
          <Change view={view} visitor={visitor} what="skip" label="Skip the next" />
        )}
      </>
    )}
    <Change view={view} visitor={visitor} what="run" label="Run now" />
  </section>
);

const Change: FC<{ view: ScheduleView; visitor: Visitor; what: ScheduleChange['what']; label: string }> = (props) => {
  const { view, visitor, what, label } = props;
  const { workspace, name } = view.schedule;
  return (
    <ChangeForm action="/schedules" visitor={visitor} label={label}>
      <input type="hidden" name="workspace" value={workspace ?? ''} />
      <input type="hidden" name="name" value={name} />
      <input type="hidden" name="what" value={what} />
      {what === 'pause' ? <TextField label="Why" name="reason" size={18} /> : null}
    </ChangeForm>
  );
};

const scheduleChange = z.object({
  /** Needed: without it every schedule there is would be meant. */
  workspace: workspaceName,
  name: scheduleName,
  what: z.enum(['pause', 'resume', 'skip', 'run']),
  reason: z.string().max(300).optional(),
});
type ScheduleChange = z.infer<typeof scheduleChange>;

export function changeSchedule({ orchestrator }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const visitor = context.get('visitor');
    const change = await parseForm(context, scheduleChange);
    return context.redirect(await carryOut(orchestrator, visitor, change), 303);
  };
}

/** Answers where to look at what became of it. */
async function carryOut(orchestrator: Orchestrator, { person }: Visitor, change: ScheduleChange): Promise<string> {
  const { what, reason, ...wish } = change;
  if (what === 'pause') await orchestrator.pauseSchedules(person, wish, reason);
  else if (what === 'resume') await orchestrator.resumeSchedules(person, wish);
  else if (what === 'skip') await orchestrator.skipNext(person, wish);
  else {
    const { fired } = await orchestrator.runNow(person, wish);
    if (fired.status === 'launched') return `/operations/${fired.operationId}`;
  }
  return '/schedules';
}
