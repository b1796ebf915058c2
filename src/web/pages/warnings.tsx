import type { FC } from 'hono/jsx';
import { writeCount } from '../../chat/messages/words.ts';
import type { Backup } from '../../records/backup.ts';
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
      {backup.warnings.map((warning) => (
        <Note tone="warning">{warning}</Note>
      ))}
      <Unreadable parts={backup.parts} />
    </>
  );
};

const Unreadable: FC<Pick<Backup, 'parts'>> = ({ parts }) => {
  const paths = parts.flatMap(({ name, unreadable }) => unreadable.map((one) => ({ part: name, ...one })));
  if (paths.length === 0) return null;
  return (
    <details>
      <summary>{writeCount(paths.length, 'path')} could not be read</summary>
      <ul class="paths">
        {paths.slice(0, MOST_PATHS).map(({ part, path, accepted, tooDeep }) => (
          <li>
            <code>
              {part}/{path}
            </code>{' '}
            {tooDeep ? '(its path is too long to be restored)' : accepted ? '(accepted by the configuration)' : ''}
          </li>
        ))}
        {paths.length > MOST_PATHS ? <li>and {(paths.length - MOST_PATHS).toLocaleString('en')} more</li> : null}
      </ul>
    </details>
  );
};
