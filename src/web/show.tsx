import type { Child, FC } from 'hono/jsx';
import { writeMoment, writeSize } from '../chat/messages/words.ts';
import { writeDuration } from '../records/time.ts';

export type Tone = 'good' | 'busy' | 'warning' | 'bad' | 'quiet';

/** States are told by a word and a shape; the colour only helps. */
const SHAPES: Record<Tone, string> = { good: '●', busy: '◐', warning: '▲', bad: '✕', quiet: '○' };

export const State: FC<{ tone: Tone; children?: Child }> = ({ tone, children }) => (
  <span class={`state state-${tone}`}>
    <span aria-hidden="true">{SHAPES[tone]}</span>
    {'\u00a0'}
    {children}
  </span>
);

/** In UTC until a script shows it in the reader's own time; the exact instant is told on hover. */
export const Moment: FC<{ at: string }> = ({ at }) => {
  const exact = new Date(at).toISOString();
  return (
    <time datetime={exact} title={exact}>
      {writeMoment(at)}
    </time>
  );
};

export const Size: FC<{ bytes: number }> = ({ bytes }) => (
  <data value={bytes} title={`${bytes.toLocaleString('en')} bytes`}>
    {writeSize(bytes)}
  </data>
);

export const Length: FC<{ ms: number }> = ({ ms }) => (
  <data value={ms} title={`${(ms / 1_000).toLocaleString('en')} seconds`}>
    {writeDuration(ms)}
  </data>
);

export const Note: FC<{ tone: 'info' | 'warning' | 'bad' | 'good'; children?: Child }> = ({ tone, children }) => (
  <p class={`note note-${tone}`}>{children}</p>
);

/** Labels with what they say; what is empty is left out. */
export const Facts: FC<{ facts: readonly (readonly [label: string, value: Child | undefined])[] }> = ({ facts }) => (
  <dl class="facts">
    {facts
      .filter(([, value]) => value !== undefined && value !== false && value !== '')
      .map(([label, value]) => (
        <div>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

export interface Column {
  readonly head: string;
  readonly isNumber?: boolean;
  /** What people wrote, however long its words are. */
  readonly isText?: boolean;
  /** What stands in the head instead of its name, such as a link that sorts. */
  readonly shown?: Child;
  readonly sorted?: 'ascending' | 'descending' | undefined;
}

interface TableProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Child[])[];
}

function classOf(column: Column | undefined): string | undefined {
  if (column?.isNumber) return 'number';
  return column?.isText ? 'text' : undefined;
}

/** So many columns and more take all the room that there is. */
const MANY = 9;

/** Where there is no room for a table, each row becomes a card whose cells are named by the heads. */
export const Table: FC<TableProps> = ({ caption, columns, rows }) => (
  <div class="table">
    <table class={columns.length > MANY ? 'many' : undefined}>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ head, isNumber, shown, sorted }) => (
            <th scope="col" class={isNumber ? 'number' : undefined} aria-sort={sorted}>
              {shown ?? head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells) => (
          <tr>
            {cells.map((cell, at) => (
              <td data-head={columns[at]?.head} class={classOf(columns[at])}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
