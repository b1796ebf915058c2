import type { FC } from 'hono/jsx';
import { isOfPath } from '../../backup/record-backup.ts';
import { writeCount, writeName } from '../../chat/messages/words.ts';
import type { Backup } from '../../records/backup.ts';
import type { CapturedPart } from '../../records/part.ts';
import { Note } from '../show.tsx';

/** So many paths are named; a part of a million unreadable files is not a page. */
const MOST_PATHS = 100;

/** Everything that makes a backup less than the whole workspace. */
export const Warnings: FC<{ backup: Backup }> = ({ backup }) => {
  const torn = backup.parts.filter(({ consistent }) => !consistent).map(({ name }) => name);
  return (
    <>
      {torn.length > 0 ? (
        <Note tone="warning">Not consistent, taken while services were up: {torn.join(', ')}.</Note>
      ) : null}
      {backup.hasUnnamedLoss ? (
        <Note tone="warning">
          Something outside of every part could not be read: nobody can name all that is missing.
        </Note>
      ) : null}
      {backup.leftOut.map(({ name, reason }) => (
        <Note tone="warning">
          Left out: {name}: {reason}
        </Note>
      ))}
      {backup.warnings
        .filter((warning) => !isOfPath(warning))
        .map((warning) => (
          <Note tone="warning">{warning}</Note>
        ))}
      {backup.parts.map((part) => (
        <Unreadable part={part} />
      ))}
    </>
  );
};

/** A part's paths, file by file. */
const Unreadable: FC<{ part: CapturedPart }> = ({ part: { name, unreadable } }) => {
  if (unreadable.length === 0) return null;
  const isLoss = unreadable.some(({ accepted }) => !accepted);
  const what = `${writeCount(unreadable.length, 'path')} of ${name} could not be read`;
  return (
    <details class={isLoss ? 'note note-warning' : 'note note-info'}>
      <summary>{isLoss ? what : `${what}, as the configuration accepts`}</summary>
      <ul class="paths">
        {unreadable.slice(0, MOST_PATHS).map(({ path, accepted, tooDeep }) => (
          <li>
            <code>{writeName(path)}</code> {tooDeep ? TOO_DEEP : accepted && isLoss ? '(accepted)' : ''}
          </li>
        ))}
        {unreadable.length > MOST_PATHS ? (
          <li>and {(unreadable.length - MOST_PATHS).toLocaleString('en')} more</li>
        ) : null}
      </ul>
    </details>
  );
};

const TOO_DEEP = '(read, but its path is too long to be restored beside live data)';
