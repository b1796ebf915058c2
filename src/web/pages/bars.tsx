import type { FC } from 'hono/jsx';
import { writeMoment, writeSize } from '../../chat/messages/words.ts';
import type { Backup } from '../../records/backup.ts';
import { writeDuration } from '../../records/time.ts';

type Measure = 'downtimeMs' | 'durationMs' | 'bytes';

interface BarsProps {
  /** The oldest first. */
  readonly backups: readonly Backup[];
  readonly of: Measure;
  readonly title: string;
  readonly height: number;
  /** Written into the picture, for where no style sheet is; without them the page's own count. */
  readonly colours?: { readonly bar: string; readonly text: string };
}

const TOP = 14;
/** Of more backups than that the bars are thinner, so that three charts stand beside each other. */
const THICK = 30;

/** One bar for each backup, as high as its measure beside the greatest; what each says is told on hover. */
export const Bars: FC<BarsProps> = ({ backups, of, title, height, colours }) => {
  const greatest = Math.max(1, ...backups.map((backup) => backup[of]));
  const last = backups.at(-1);
  const [thick, gap] = backups.length > THICK ? [5, 1] : [8, 2];
  const width = Math.max(180, backups.length * (thick + gap));
  const words = `${title}: ${last ? write(of, last[of]) : 'none'} last, at most ${write(of, greatest)}`;
  return (
    <svg
      class="bars"
      xmlns="http://www.w3.org/2000/svg"
      viewBox={`0 0 ${width} ${height + TOP}`}
      width={width}
      height={height + TOP}
      role="img"
      aria-label={words}
    >
      <text x={0} y={10} font-size={10} font-family="system-ui, sans-serif" fill={colours?.text ?? 'currentColor'}>
        {words}
      </text>
      {backups.map((backup, at) => {
        const high = Math.max(1, Math.round((backup[of] / greatest) * height));
        return (
          <rect
            class={backup.status === 'completed' ? 'bar' : 'bar bar-incomplete'}
            x={at * (thick + gap)}
            y={TOP + height - high}
            width={thick}
            height={high}
            fill={colours?.bar}
          >
            <title>{`${writeMoment(backup.takenAt)}: ${write(of, backup[of])}`}</title>
          </rect>
        );
      })}
    </svg>
  );
};

function write(of: Measure, value: number): string {
  return of === 'bytes' ? writeSize(value) : writeDuration(value);
}
