import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { writeCount, writeKind } from '../../chat/messages/words.ts';
import type { WorkspaceState } from '../../orchestrator/look.ts';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { ScheduleView } from '../../orchestrator/schedules.ts';
import type { Backup } from '../../records/backup.ts';
import type { Freshness } from '../../schedule/overdue.ts';
import { showPage } from '../layout.tsx';
import { createSharedLook } from '../shared-look.ts';
import { Facts, Moment, Note, Size, State } from '../show.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Bars } from './bars.tsx';
import { LiveList } from './live-list.tsx';

/** As many of the last backups as a card's trend shows. */
const TREND = 20;

interface Card {
  readonly state: WorkspaceState;
  readonly trend: readonly Backup[];
  readonly freshness: Freshness;
  readonly nextAt: string | undefined;
}

export function showWorkspaces({ orchestrator }: WebWorld): Handler<WebEnv> {
  // Every page that is open looks again when something changed, and a look asks every platform.
  const look = createSharedLook(() => orchestrator.lookAt());
  return async (context) => {
    const subject = await look();
    if (subject.kind !== 'workspaces') throw new Error(`asked for all workspaces, answered a ${subject.kind}`);
    const freshness = await orchestrator.freshness();
    const schedules = await orchestrator.listSchedules({});
    const cards = await Promise.all(
      subject.states.map(async (state): Promise<Card> => {
        const trend = await trendOf(orchestrator, state.workspace, TREND);
        const isHere = ({ workspace }: { workspace?: string }) => workspace === state.workspace;
        return {
          state,
          trend,
          freshness: freshness.find(isHere)?.freshness ?? { is: 'unwatched' },
          nextAt: nextBackupAt(schedules, state.workspace),
        };
      }),
    );
    return showPage(
      context,
      { title: 'Workspaces', place: '/' },
      <LiveList context={context}>
        {subject.trouble ? <Note tone="warning">{subject.trouble}</Note> : null}
        <div class="cards">
          {cards.map((card) => (
            <WorkspaceCard {...card} />
          ))}
        </div>
      </LiveList>,
    );
  };
}

/** The last backups, the oldest first. */
export async function trendOf(orchestrator: Orchestrator, workspace: string, limit: number): Promise<Backup[]> {
  const { backups } = await orchestrator.pageBackups({ workspace, status: ['completed', 'incomplete'], limit });
  return backups.toReversed();
}

/** When the next backup begins unasked. */
export function nextBackupAt(schedules: readonly ScheduleView[], workspace: string): string | undefined {
  const backups = schedules.filter(({ schedule }) => schedule.does === 'backup' && schedule.workspace === workspace);
  const [first] = backups.flatMap(({ next }) => next.slice(0, 1).map(({ at }) => at)).sort();
  return first;
}

/** Only what people have to know: that its data is too old, or that nothing is promised. */
export const FreshnessMark: FC<{ freshness: Freshness }> = ({ freshness }) => {
  if (freshness.is === 'overdue') {
    return (
      <State tone="warning">
        backup overdue since <Moment at={freshness.dueAt} />
      </State>
    );
  }
  return freshness.is === 'paused' ? <State tone="warning">schedule paused by {freshness.by}</State> : <span>yes</span>;
};

const WorkspaceCard: FC<Card> = ({ state, trend, freshness, nextAt }) => {
  const { workspace, lastBackup, failed, requests } = state;
  const verified = trend.findLast((backup) => backup.verified)?.verified;
  return (
    <article class="card">
      <h2>
        <a href={`/workspaces/${workspace}`}>{workspace}</a>
      </h2>
      <p>
        <Standing state={state} />
      </p>
      <Facts
        facts={[
          [
            'Last completed',
            lastBackup ? (
              <a href={`/backups/${lastBackup.id}`}>
                <Moment at={lastBackup.takenAt} />
              </a>
            ) : (
              'never'
            ),
          ],
          ['Last verified', verified ? <Moment at={verified.at} /> : 'never'],
          ['Next backup', nextAt && <Moment at={nextAt} />],
          ['Size', lastBackup && <Size bytes={lastBackup.bytes} />],
        ]}
      />
      {freshness.is === 'overdue' || freshness.is === 'paused' ? (
        <p>
          <FreshnessMark freshness={freshness} />
        </p>
      ) : null}
      {failed.map(({ id, kind }) => (
        <p>
          <State tone="bad">
            last {writeKind(kind)} <a href={`/operations/${id}`}>failed</a>
          </State>
        </p>
      ))}
      {requests.length > 0 ? (
        <p>
          <a href={`/requests?workspace=${workspace}`}>{writeCount(requests.length, 'open request')}</a>
        </p>
      ) : null}
      {trend.length > 1 ? <Bars backups={trend} of="downtimeMs" title="Downtime" height={36} /> : null}
      {trend.length > 1 ? <Bars backups={trend} of="bytes" title="Size" height={36} /> : null}
    </article>
  );
};

/** Whether people can work, and what is going on. */
export const Standing: FC<{ state: WorkspaceState }> = ({ state: { operation, services, unseen, stoppedBy } }) => {
  const down = services.filter(({ running }) => !running).map(({ name }) => name);
  if (operation?.downSince !== undefined && operation.downtimeMs === undefined) {
    return (
      <State tone="bad">
        down for <span data-since={operation.downSince}>a while</span>:{' '}
        <a href={`/operations/${operation.id}`}>{writeKind(operation.kind)}</a>
      </State>
    );
  }
  if (operation) {
    return (
      <State tone="busy">
        up, <a href={`/operations/${operation.id}`}>{writeKind(operation.kind)} runs</a>
      </State>
    );
  }
  if (unseen) return <State tone="warning">cannot be looked at: {unseen.message}</State>;
  if (down.length === 0) return <State tone="good">up</State>;
  return (
    <State tone="bad">
      {down.join(', ')} {down.length === 1 ? 'is' : 'are'} down{stoppedBy ? `, stopped by ${stoppedBy}` : ''}
    </State>
  );
};
