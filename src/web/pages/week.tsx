import type { FC } from 'hono/jsx';
import type { ScheduleView } from '../../orchestrator/schedules.ts';

const [DAYS, DAY_MS] = [7, 24 * 3_600_000];

interface Run {
  readonly at: string;
  readonly label: string;
}

/** What begins when, a column for each day in UTC; the first times of each schedule only, as the list knows them. */
export const Week: FC<{ views: readonly ScheduleView[]; now: Date }> = ({ views, now }) => {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const runs = views
    .flatMap(({ schedule, next }) => next.map(({ at }): Run => ({ at, label: schedule.id.replace(/^\//, '') })))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return (
    <ol class="week">
      {Array.from({ length: DAYS }, (_, day) => today + day * DAY_MS).map((day) => (
        <li>
          <h3>{dayOf(day)}</h3>
          <ul>
            {runs
              .filter(({ at }) => Math.floor(Date.parse(at) / DAY_MS) * DAY_MS === day)
              .map(({ at, label }) => (
                <li>
                  <time datetime={at} title={at} data-local="clock">
                    {at.slice(11, 16)} UTC
                  </time>
                  <span>{label}</span>
                </li>
              ))}
          </ul>
        </li>
      ))}
    </ol>
  );
};

/** `Mon 2 Mar`. */
function dayOf(day: number): string {
  return new Date(day).toLocaleDateString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  });
}
