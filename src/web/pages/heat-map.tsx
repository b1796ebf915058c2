import type { FC } from 'hono/jsx';
import type { QuietHoursFound } from '../../orchestrator/quiet-hours.ts';
import { busiestOf, DAYS } from '../../schedule/heat-map.ts';
import { writeHours, writeWeekHour } from '../../schedule/quiet-hours.ts';
import { Facts } from '../show.tsx';

const [CELL, LEFT, TOP] = [18, 44, 16];

/** How many workloads run in each hour of a usual week: the paler, the fewer a backup would disturb. */
export const QuietHoursMap: FC<{ found: QuietHoursFound }> = ({ found: { map, quiet } }) => {
  const busiest = Math.max(1, busiestOf(map));
  const width = LEFT + 24 * CELL;
  const height = TOP + 7 * CELL;
  return (
    <>
      <Facts
        facts={[
          ['Quietest every night', `${writeHours(quiet.nightly)} (${map.zone})`],
          ['Quietest of the week', writeWeekHour(quiet.weekly)],
        ]}
      />
      <svg
        class="bars"
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label="Hours of the week"
      >
        {[0, 6, 12, 18].map((hour) => (
          <text x={LEFT + hour * CELL} y={11} font-size={10} fill="currentColor">
            {hour}:00
          </text>
        ))}
        {DAYS.map((day, at) => (
          <text x={0} y={TOP + at * CELL + 13} font-size={11} fill="currentColor">
            {day.slice(0, 3)}
          </text>
        ))}
        {map.cells.map(({ mean, samples }, at) => (
          <rect
            class={samples === 0 ? 'unseen' : 'bar'}
            x={LEFT + (at % 24) * CELL}
            y={TOP + Math.floor(at / 24) * CELL}
            width={CELL - 2}
            height={CELL - 2}
            fill-opacity={samples === 0 ? 1 : 0.08 + (0.92 * mean) / busiest}
          >
            <title>{`${DAYS[Math.floor(at / 24)]} ${at % 24}:00: ${samples === 0 ? 'nobody looked' : `${mean.toFixed(1)} on average`}`}</title>
          </rect>
        ))}
      </svg>
    </>
  );
};
