import type { FC } from 'hono/jsx';
import { writeCount, writeSize } from '../../chat/messages/words.ts';
import type { OperationView } from '../../records/operation.ts';
import { Facts, Length, Moment, Note } from '../show.tsx';
import { OperationState } from '../states.tsx';
import { Timeline } from './timeline.tsx';

/** One operation as it stands: the same for everybody who looks. Clocks tick by themselves where scripts run. */
export const LivePicture: FC<{ view: OperationView }> = ({ view }) => (
  <>
    <Services view={view} />
    <Facts
      facts={[
        ['State', <OperationState status={view.status} />],
        ['Workspace', <a href={`/workspaces/${view.workspace}`}>{view.workspace}</a>],
        ['Id', view.id],
        ['Asked by', view.by],
        ['Reason', view.reason],
        ['Began', <Moment at={view.startedAt} />],
        ['Ended', view.endedAt && <Moment at={view.endedAt} />],
        ['Took', view.endedAt && <Length ms={Date.parse(view.endedAt) - Date.parse(view.startedAt)} />],
        ['Services were down for', view.downtimeMs !== undefined && <Length ms={view.downtimeMs} />],
        ['Backup', backupLink(view)],
      ]}
    />
    {view.error ? (
      <Note tone="bad">
        {view.error.message} {view.error.hint}
      </Note>
    ) : null}
    <Progress view={view} />
    <div class="steps">
      <h2>Steps</h2>
      <Timeline view={view} />
    </div>
  </>
);

function backupLink({ id, kind, status }: OperationView) {
  const made = id.replace('op_', 'bkp_');
  return kind === 'backup' && status === 'succeeded' ? <a href={`/backups/${made}`}>{made}</a> : undefined;
}

/** What people who use the workspace feel. */
const Services: FC<{ view: OperationView }> = ({ view: { stopsAt, downSince, downtimeMs, status } }) => {
  if (stopsAt !== undefined && status === 'running') {
    return (
      <Note tone="warning">
        Services stop at <Moment at={stopsAt} />: in <span data-until={stopsAt}>a while</span>.
      </Note>
    );
  }
  if (downSince === undefined || downtimeMs !== undefined) return null;
  return (
    <Note tone="bad">
      Services are down since <Moment at={downSince} />: for <span data-since={downSince}>a while</span>.
    </Note>
  );
};

const Progress: FC<{ view: OperationView }> = ({ view: { progress, status } }) => {
  if (!progress || status !== 'running') return null;
  const { bytesDone = 0, bytesTotal = 0, filesDone = 0, filesTotal = 0, remainingMs, note } = progress;
  const [done, total] = bytesTotal > 0 ? [bytesDone, bytesTotal] : [filesDone, filesTotal];
  const percent = total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : undefined;
  const words = [
    percent === undefined ? undefined : `${percent}%`,
    bytesTotal > 0 ? `${writeSize(bytesDone)} of ${writeSize(bytesTotal)}` : bytesDone > 0 && writeSize(bytesDone),
    filesTotal > 0
      ? `${filesDone.toLocaleString('en')} of ${writeCount(filesTotal, 'file')}`
      : filesDone > 0 && writeCount(filesDone, 'file'),
  ].filter(Boolean);
  return (
    <div class="progress">
      {percent === undefined ? null : <progress value={percent} max={100} aria-label="How far it is" />}
      <p>
        {words.join(', ')}
        {remainingMs ? (
          <>
            {words.length > 0 ? ', about' : 'About'} <Length ms={Math.ceil(remainingMs / 1_000) * 1_000} /> left
          </>
        ) : null}
        {note ? ` (${note})` : ''}
      </p>
    </div>
  );
};
