import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { isSeen, writePart } from '../../chat/messages/parts.ts';
import { isAppError } from '../../errors.ts';
import type { Expiry } from '../../orchestrator/expiry.ts';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { Kept } from '../../orchestrator/where-kept.ts';
import type { Backup } from '../../records/backup.ts';
import type { OperationView } from '../../records/operation.ts';
import type { CapturedPart } from '../../records/part.ts';
import { ChangeForm, TextField } from '../change-form.tsx';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Facts, Length, Moment, Note, Size, State, Table } from '../show.tsx';
import type { Visitor, WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Standing } from './backups.tsx';
import { OperationLog } from './operation-log.tsx';
import { Stays } from './stays.tsx';
import { Timeline } from './timeline.tsx';
import { Warnings } from './warnings.tsx';

export function showBackup({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id'> {
  return async (context) => {
    const backup = await findBackup(orchestrator, context.req.param('id'));
    const visitor = context.get('visitor');
    const expiry = (await orchestrator.expiryOf([backup])).get(backup.id);
    const made = await operationOf(orchestrator, backup);
    return showPage(
      context,
      { title: backup.name ?? backup.id, place: '/backups' },
      <>
        <BackupFacts backup={backup} kept={orchestrator.whereKept(backup.workspace)} expiry={expiry} />
        <Warnings backup={backup} />
        <BackupActions backup={backup} visitor={visitor} mayRead={mayRead(orchestrator, visitor, backup)} />
        <h2>Parts</h2>
        <PartTable parts={backup.parts} />
        {made ? (
          <>
            <h2>How it was made</h2>
            <Timeline view={made} />
            <OperationLog lines={await orchestrator.readLog(made.id)} />
          </>
        ) : null}
      </>,
    );
  };
}

/** @throws UserError `unknown-backup`. */
export async function findBackup(orchestrator: Orchestrator, id: string): Promise<Backup> {
  const subject = await orchestrator.lookAt(id.startsWith('bkp_') ? id : `bkp_${id}`);
  if (subject.kind !== 'backup') throw new Error(`asked for the backup ${id}, answered a ${subject.kind}`);
  return subject.backup;
}

/** A catalog that was rebuilt from the repository knows backups, and not how they were made. */
async function operationOf(orchestrator: Orchestrator, backup: Backup): Promise<OperationView | undefined> {
  try {
    const subject = await orchestrator.lookAt(backup.operationId);
    return subject.kind === 'operation' ? subject.view : undefined;
  } catch (error) {
    if (isAppError(error) && error.code === 'unknown-operation') return undefined;
    throw error;
  }
}

const MAKERS = { schedule: 'schedule', vendor: "in the control plane's own page" };

interface FactsProps {
  readonly backup: Backup;
  readonly kept: Kept | undefined;
  readonly expiry: Expiry | undefined;
}

const BackupFacts: FC<FactsProps> = ({ backup, kept, expiry }) => (
  <Facts
    facts={[
      ['State', <Standing backup={backup} />],
      ['Workspace', <a href={`/workspaces/${backup.workspace}`}>{backup.workspace}</a>],
      ['Id', backup.id],
      ['Taken', <Moment at={backup.takenAt} />],
      ['By', backup.trigger === 'person' ? backup.by.name : `${backup.by.name} (${MAKERS[backup.trigger]})`],
      ['Reason', backup.reason],
      ['Size', <Size bytes={backup.bytes} />],
      ['Added to the repository', <Size bytes={backup.addedBytes} />],
      ['Files', backup.files.toLocaleString('en')],
      ['Took', <Length ms={backup.durationMs} />],
      ['Services were down for', <Length ms={backup.downtimeMs} />],
      ['Release', backup.release],
      ['A restore would take about', backup.verified?.restoreMs && <Length ms={backup.verified.restoreMs} />],
      ['Protected', kept?.sentence],
      ['Verified', backup.verified && <Moment at={backup.verified.at} />],
      ['Stays', expiry && <Stays expiry={expiry} workspace={backup.workspace} inWords />],
      ['Pinned', backup.pinned && `by ${backup.pinned.by}${backup.pinned.reason ? `: ${backup.pinned.reason}` : ''}`],
      [
        'Made before the restore',
        backup.safetyFor && <a href={`/operations/${backup.safetyFor}`}>{backup.safetyFor}</a>,
      ],
    ]}
  />
);

/** The workspace of an old backup may not be configured any more. */
function mayRead(orchestrator: Orchestrator, { scopes, person }: Visitor, { workspace, parts }: Backup): boolean {
  if (!scopes.includes('files') || !parts.some(({ kind }) => kind === 'shared-folder')) return false;
  return orchestrator.workspaces().includes(workspace) && orchestrator.fileReaders(workspace).includes(person.name);
}

interface ActionsProps {
  readonly backup: Backup;
  readonly visitor: Visitor;
  readonly mayRead: boolean;
}

const BackupActions: FC<ActionsProps> = ({ backup: { id, status, pinned }, visitor, mayRead }) => {
  if (status === 'deleted') return <Note tone="info">It is deleted: only this record of it is left.</Note>;
  return (
    <section aria-label="Actions" class="actions">
      {mayRead && status !== 'deleting' ? (
        <a class="button" href={`/backups/${id}/files`}>
          Look into its files
        </a>
      ) : null}
      {status === 'deleting' ? null : (
        <a class="button" href={`/backups/${id}/restore`}>
          Restore: see what it would overwrite
        </a>
      )}
      {status === 'deleting' ? null : <ChangeForm action={`/backups/${id}/verify`} visitor={visitor} label="Verify" />}
      {pinned ? (
        <ChangeForm action={`/backups/${id}/unpin`} visitor={visitor} label="Take the pin away" />
      ) : (
        <ChangeForm action={`/backups/${id}/pin`} visitor={visitor} label="Pin">
          <TextField label="Keep for ever, because" name="reason" size={18} />
        </ChangeForm>
      )}
      <a class="button" href={`/backups/${id}/delete`}>
        Delete: see what it would remove
      </a>
    </section>
  );
};

const PartTable: FC<{ parts: readonly CapturedPart[] }> = ({ parts }) => (
  <Table
    caption="Each part as it was captured"
    columns={[
      { head: 'Part' },
      { head: 'What' },
      { head: 'Capture' },
      { head: 'Taken' },
      { head: 'Files', isNumber: true },
      { head: 'Folders', isNumber: true },
      { head: 'Size', isNumber: true },
      { head: 'Consistent', isText: true },
    ]}
    rows={parts.map((part) => [
      part.name,
      writePart(part),
      part.capture,
      <Moment at={part.takenAt} />,
      isSeen(part) ? part.files.toLocaleString('en') : '',
      isSeen(part) ? part.directories.toLocaleString('en') : '',
      isSeen(part) ? <Size bytes={part.bytes} /> : 'not told',
      <Consistency part={part} />,
    ])}
  />
);

const Consistency: FC<{ part: CapturedPart }> = ({ part }) => {
  const { consistent, crashConsistent, approximate, proof, kept } = part;
  if (approximate !== undefined) return <State tone="warning">approximate: {approximate}</State>;
  if (proof === 'vendor-reported') return <State tone="quiet">vendor-reported: “{kept?.status}”</State>;
  if (!consistent) return <State tone="warning">no: taken while services were up</State>;
  if (crashConsistent) return <State tone="warning">as after a crash: {crashConsistent.join('; ')}</State>;
  return <State tone="good">yes</State>;
};

export function verifyBackup({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/verify'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const running = await orchestrator.requestVerify(visitor.person, context.req.param('id'));
    return context.redirect(`/operations/${running.operation().id}`, 303);
  };
}

const pinForm = z.object({ reason: z.string().max(300).optional() });

export function pinBackup({ orchestrator }: WebWorld, pinned: boolean): Handler<WebEnv, '/backups/:id/pin'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { reason } = await parseForm(context, pinForm);
    const { id } = await orchestrator.setPin(visitor.person, context.req.param('id'), { pinned, reason });
    return context.redirect(`/backups/${id}`, 303);
  };
}
