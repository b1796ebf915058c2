import type { FC } from 'hono/jsx';
import { writeCount, writeName } from '../../chat/messages/words.ts';
import type { LogLine } from '../../orchestrator/operation-log.ts';
import { Moment, State } from '../show.tsx';

/** More would be no page; the last ones tell how it ended. */
const MOST_LINES = 500;

/** What an operation wrote down of itself. */
export const OperationLog: FC<{ lines: readonly LogLine[] }> = ({ lines }) => (
  <details>
    <summary>Log: {writeCount(lines.length, 'line')}</summary>
    {lines.length > MOST_LINES ? <p>The last {MOST_LINES}.</p> : null}
    <ul class="paths">
      {lines.slice(-MOST_LINES).map(({ at, says, isBad }) => (
        <li>
          <Moment at={at} /> {isBad ? <State tone="bad">{writeName(says)}</State> : writeName(says)}
        </li>
      ))}
    </ul>
  </details>
);
