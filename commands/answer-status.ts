import { z } from 'zod';
import type { Answer } from '../src/chat/answer.ts';
import { isSeen, writePart } from '../src/chat/messages/parts.ts';
import { writeCount, writeKind, writeMoment, writeSize } from '../src/chat/messages/words.ts';
import type { Subject } from '../src/orchestrator/look.ts';
import type { Backup } from '../src/records/backup.ts';
import { isRestore, type OperationView } from '../src/records/operation.ts';
import { moment, writeDuration } from '../src/records/time.ts';
import { answerWorkspaces } from './answer-workspaces.ts';
import { answerRequest, approximate, asJson, crashConsistent, notConsistent, vendorReported } from './answers.ts';

/** What `status` answers, whatever was asked about. */
export function answerSubject(subject: Subject, follow: boolean): Answer {
  switch (subject.kind) {
    case 'operation':
      return answerOperation(subject, follow);
    case 'request':
      return answerRequest(subject.request, false);
    case 'backup':
      return answerBackup(subject.backup);
    case 'workspaces':
      return answerWorkspaces(subject.states, follow, subject.trouble);
  }
}

function answerOperation({ view, backup }: Extract<Subject, { kind: 'operation' }>, follow: boolean): Answer {
  const marks = { waiting: '', running: 'running', done: 'done', failed: 'FAILED' };
  const known = view.steps.filter(({ state }) => state !== 'waiting' || view.status === 'running');
  const steps = known.map((step) => [step.name, marks[step.state], took(step)]);
  const isDone = view.status === 'succeeded';
  const hint =
    backup?.status === 'completed' && isDone ? `Restore it with: cml restore ${backup.id}` : view.error?.hint;
  const fields = [...(backup ? backupFields(backup) : []), ...displacedFields(view)];
  return {
    text: operationText(view),
    tone: TONES[view.status],
    ...(fields.length > 0 ? { fields } : {}),
    ...(isDone ? {} : { table: { columns: ['Step', 'State', 'Took'], rows: steps } }),
    ...(hint === undefined ? {} : { hint }),
    json: asJson({
      operation: view,
      ...(backup ? { backup } : {}),
      ...(bringsBack(view) && view.status !== 'running'
        ? { restore: { ...asObject(view.outcome), status: view.status, downtimeMs: view.downtimeMs ?? 0 } }
        : {}),
    }),
    ...(follow && view.status === 'running' ? { follow: view.id } : {}),
  };
}

function bringsBack({ kind }: OperationView): boolean {
  return isRestore(kind) || kind === 'undo';
}

const TONES = { running: 'info', succeeded: 'good', failed: 'bad', cancelled: 'warning' } as const;

function answerBackup(backup: Backup): Answer {
  const { id, workspace, status } = backup;
  return {
    text: `${workspace}: the backup ${id} is ${status}.`,
    tone: status === 'completed' ? 'good' : 'warning',
    fields: [...backupFields(backup), ...partFields(backup)],
    ...(status === 'completed' ? { hint: `Restore it with: cml restore ${id}` } : {}),
    json: asJson({ backup }),
  };
}

function partFields({ parts }: Backup): [string, string][] {
  return parts.map((part) => {
    const { name, files, bytes, capture, consistent, crashConsistent, approximate, proof } = part;
    const holds = isSeen(part) ? `${writeCount(files, 'file')}, ${writeSize(bytes)}` : writePart(part);
    const weak = [
      ...(consistent ? [] : [approximate === undefined ? 'not consistent' : 'approximate']),
      ...(crashConsistent ? ['crash-consistent'] : []),
      ...(proof === 'vendor-reported' ? [proof] : []),
    ];
    return ['Part', [`${name}: ${holds}`, capture, ...weak].join(', ')];
  });
}

function backupFields(backup: Backup): [string, string][] {
  const { pinned, verified } = backup;
  return [
    ['Backup', backup.name === undefined ? backup.id : `${backup.id} (${backup.name})`],
    ['Status', backup.status],
    ['Taken at', writeMoment(backup.takenAt)],
    ['Holds', `${writeCount(backup.files, 'file')}, ${writeSize(backup.bytes)}; ${writeSize(backup.addedBytes)} new`],
    ['Services down', writeDuration(backup.downtimeMs)],
    ['Took', writeDuration(backup.durationMs)],
    ...(pinned ? [['Pinned', pinText(pinned)] as [string, string]] : []),
    ['Verified', verifiedText(verified)],
    ...notConsistent(backup).map((name): [string, string] => [
      'Not consistent',
      `${name}: copied while services were up`,
    ]),
    ...crashConsistent(backup).map(({ name, why }): [string, string] => ['Crash-consistent', `${name}: ${why}`]),
    ...approximate(backup).map(({ name, why }): [string, string] => ['Approximate', `${name}: ${why}`]),
    ...vendorReported(backup).map(({ name, why }): [string, string] => ['Vendor-reported', `${name}: ${why}`]),
    ...backup.leftOut.map(({ name, reason }): [string, string] => ['Not in it', `${name}: ${reason}`]),
    ...backup.warnings.map((warning): [string, string] => ['Note', warning]),
  ];
}

function verifiedText(verified: Backup['verified']): string {
  if (!verified) return 'never';
  const { at, restoreMs, content } = verified;
  const share = content ? `; of the content share ${content.share + 1} of ${content.of}` : '';
  return `${writeMoment(at)}${restoreMs === undefined ? '' : `; bringing it back took ${writeDuration(restoreMs)}`}${share}`;
}

function pinText({ by, at, reason }: NonNullable<Backup['pinned']>): string {
  return `by ${by} at ${writeMoment(at)}${reason === undefined ? '' : `: ${reason}`}`;
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

const displacement = z.object({ displaced: z.array(z.string()), displacedUntil: moment });

/** What a restore displaced, where and how long, and the way back. */
function displacedFields({ id, outcome }: OperationView): [string, string][] {
  const known = displacement.safeParse(outcome).data;
  if (!known || known.displaced.length === 0) return [];
  return [
    ['Displaced', `${known.displaced.join('\n')}`],
    ['Kept until', writeMoment(known.displacedUntil)],
    ['Get it back', `cml undo ${id}`],
  ];
}

function took({ beganAt, endedAt }: OperationView['steps'][number]): string {
  return beganAt && endedAt ? writeDuration(Date.parse(endedAt) - Date.parse(beganAt)) : '';
}

function operationText(view: OperationView): string {
  const what = `${view.workspace}: the ${writeKind(view.kind)} ${view.id}, asked by ${view.by} at ${writeMoment(view.startedAt)},`;
  const downtime = view.downtimeMs === undefined ? '' : ` Services were down for ${writeDuration(view.downtimeMs)}.`;
  if (view.status === 'running') {
    const step = view.steps.findLast(({ state }) => state === 'running');
    const stop = view.stopsAt ? ` Services stop at ${writeMoment(view.stopsAt)}.` : '';
    const down = view.downSince ? ' Services are down.' : '';
    return `${what} is running${step ? ` (${step.name})` : ''}.${stop}${down}`;
  }
  const why = view.error ? `: ${view.error.message}` : '.';
  return `${what} ${view.status === 'cancelled' ? 'was cancelled' : view.status}${why}${downtime}`;
}
