import type { Answer } from '../src/chat/answer.ts';
import { isSeen, writePart } from '../src/chat/messages/parts.ts';
import {
  describeDeletePlan,
  describeRequest,
  describeRestorePlan,
  describeUndoPlan,
} from '../src/chat/messages/request.ts';
import { writeCount, writeKind, writeMoment, writeSize } from '../src/chat/messages/words.ts';
import type { Finding } from '../src/orchestrator/check-workspace.ts';
import type { WorkspaceFreshness } from '../src/orchestrator/freshness.ts';
import type { Backup } from '../src/records/backup.ts';
import type { OperationView } from '../src/records/operation.ts';
import type { BackupPlan, DeletePlan, RestorePlan, UndoPlan } from '../src/records/plan.ts';
import type { Request } from '../src/records/request.ts';
import { writeDuration } from '../src/records/time.ts';
import { freshnessText } from './answer-freshness.ts';

/** Records are JSON already; this only tells the type so. */
export function asJson(value: unknown): Answer['json'] {
  return JSON.parse(JSON.stringify(value));
}

export function answerStarted(view: OperationView): Answer {
  return {
    text: `The ${writeKind(view.kind)} of ${view.workspace} has begun as ${view.id}.`,
    tone: 'info',
    json: asJson({ operation: view }),
    follow: view.id,
    hint: `Follow it: cml status ${view.id} --follow`,
  };
}

export function answerBackupPlan(plan: BackupPlan): Answer {
  return {
    text: `A backup of ${plan.workspace} would stop services for about ${writeDuration(plan.forecast.downtimeMs)} (budget ${writeDuration(plan.budgetMs)}). Nothing was done.`,
    tone: 'info',
    table: {
      columns: ['Part', 'What', 'Files', 'Size', 'Capture', 'Why'],
      rows: plan.parts.map((part) => [
        part.name,
        writePart(part),
        isSeen(part) ? part.files.toLocaleString('en') : '',
        isSeen(part) ? writeSize(part.bytes) : '',
        part.capture,
        part.reason,
      ]),
    },
    fields: [
      [
        'Services',
        plan.services
          .filter(({ running }) => running)
          .map(({ name }) => name)
          .join(', ') || 'none run',
      ],
      ['Notice', writeDuration(plan.noticeMs)],
      ['Downtime from', plan.forecast.basis],
      ...plan.leftOut.map(({ name, reason }): [string, string] => ['Left out', `${name}: ${reason}`]),
      ...plan.warnings.map((warning): [string, string] => ['Note', warning]),
    ],
    json: asJson({ plan }),
  };
}

export function answerRestorePlan(plan: RestorePlan): Answer {
  return {
    text: `A restore of ${plan.workspace} from ${plan.backupId} would do this. Nothing was done.`,
    tone: 'info',
    fields: describeRestorePlan(plan).map((line): [string, string] => ['', line]),
    json: asJson({ plan }),
    hint: 'Ask for it: say the same without --dry-run.',
  };
}

export function answerUndoPlan(plan: UndoPlan): Answer {
  return {
    text: `Undoing ${plan.undoes} of ${plan.workspace} would do this. Nothing was done.`,
    tone: 'info',
    fields: describeUndoPlan(plan).map((line): [string, string] => ['', line]),
    json: asJson({ plan }),
    hint: `Ask for it: cml undo ${plan.undoes}`,
  };
}

export function answerDeletePlan(plan: DeletePlan): Answer {
  return {
    text: `Deleting ${plan.backupId} of ${plan.workspace} would do this. Nothing was done.`,
    tone: 'info',
    fields: describeDeletePlan(plan).map((line): [string, string] => ['', line]),
    json: asJson({ plan }),
    hint: `Ask for it: cml delete ${plan.backupId}`,
  };
}

export function answerRequest(request: Request, wait: boolean): Answer {
  const message = describeRequest(request);
  return {
    text: message.text,
    tone: message.tone,
    fields: (message.details ?? []).map((line): [string, string] => ['', line]),
    json: asJson({ request }),
    ...(wait ? { waitFor: request.id } : { hint: `Another person decides. To take it back: cml cancel ${request.id}` }),
  };
}

export function answerDecision(
  { request, running }: { request: Request; running: { view(): OperationView } | undefined },
  wait: boolean,
): Answer {
  const view = running?.view();
  const turn = request.status === 'approved' && !view ? ' It starts when the workspace is free.' : '';
  return {
    text: `${describeRequest(request).text}${turn}`,
    tone: request.status === 'denied' ? 'warning' : 'good',
    json: asJson({ request, ...(view ? { operation: view } : {}) }),
    ...(wait && view ? { follow: view.id } : {}),
    ...(view && !wait ? { hint: `Follow it: cml status ${view.id} --follow` } : {}),
  };
}

/** `freshness`: of the workspaces that were asked about. */
export function answerBackups(
  backups: readonly Backup[],
  workspace?: string,
  freshness: readonly WorkspaceFreshness[] = [],
): Answer {
  const late = freshness.filter((one) => one.freshness.is === 'overdue').map((one) => one.workspace);
  const overdue = late.length === 0 ? '' : ` OVERDUE: ${late.join(', ')}.`;
  const fields = freshness.flatMap((one) =>
    freshnessText(one.freshness).map(([label, text]): [string, string] => [label, `${one.workspace}, ${text}`]),
  );
  const whose = workspace === undefined ? '' : ` of ${workspace}`;
  return {
    text: `${backups.length === 0 ? `There are no backups${whose} yet.` : `${writeCount(backups.length, 'backup')}${whose}.`}${overdue}`,
    tone: late.length === 0 ? 'info' : 'warning',
    ...(fields.length > 0 ? { fields } : {}),
    ...(backups.length === 0
      ? { hint: workspace === undefined ? 'Make one: cml backup <workspace>' : `Make one: cml backup ${workspace}` }
      : { table: { columns: BACKUP_COLUMNS, rows: backups.map(backupRow), dispensable: DISPENSABLE } }),
    json: asJson({ backups }),
  };
}

/** Parts that were taken while services were up. */
export function notConsistent({ parts }: Pick<Backup, 'parts'>): string[] {
  return parts
    .filter(({ consistent, approximate }) => !consistent && approximate === undefined)
    .map(({ name }) => name);
}

/** Parts of which nobody can prove that services wrote nothing while they were taken, and why. */
export function approximate({ parts }: Pick<Backup, 'parts'>): { name: string; why: string }[] {
  return parts.flatMap(({ name, approximate }) => (approximate === undefined ? [] : [{ name, why: approximate }]));
}

/** Parts that the control plane keeps, of which only its word is known. */
export function vendorReported({ parts }: Pick<Backup, 'parts'>): { name: string; why: string }[] {
  return parts.flatMap(({ name, kept }) => (kept ? [{ name, why: `kept as ${kept.name}, "${kept.status}"` }] : []));
}

/** Parts whose programs had to be killed before they were taken, and who that was. */
export function crashConsistent({ parts }: Pick<Backup, 'parts'>): { name: string; why: string }[] {
  return parts.flatMap(({ name, crashConsistent }) =>
    crashConsistent ? [{ name, why: crashConsistent.join('; ') }] : [],
  );
}

const BACKUP_COLUMNS = [
  'Backup',
  'Name',
  'Workspace',
  'Taken at',
  'By',
  'Files',
  'Size',
  'New',
  'Downtime',
  'Took',
  'Status',
];

/** Where there is no room: what `status <backup>` tells too, and one seldom chooses by. */
const DISPENSABLE = ['By', 'New', 'Took', 'Files', 'Size', 'Downtime', 'Name'];

function backupRow(backup: Backup): string[] {
  return [
    backup.id,
    backup.name ?? '',
    backup.workspace,
    writeMoment(backup.takenAt),
    backup.by.name,
    backup.files.toLocaleString('en'),
    writeSize(backup.bytes),
    writeSize(backup.addedBytes),
    writeDuration(backup.downtimeMs),
    writeDuration(backup.durationMs),
    standing(backup),
  ];
}

/** Only what is completed can have been verified, so one word says both. */
function standing(backup: Backup): string {
  const { status, verified, pinned } = backup;
  return [
    status === 'completed' && verified ? 'verified' : status,
    ...(notConsistent(backup).length === 0 ? [] : ['not consistent']),
    ...(crashConsistent(backup).length === 0 ? [] : ['crash-consistent']),
    ...(approximate(backup).length === 0 ? [] : ['approximate']),
    ...(vendorReported(backup).length === 0 ? [] : ['vendor-reported']),
    ...(pinned ? ['pinned'] : []),
  ].join(', ');
}

export function answerFindings(workspace: string, findings: readonly Finding[]): Answer {
  const bad = findings.filter(({ state }) => state === 'bad');
  const warnings = findings.filter(({ state }) => state === 'warning');
  const mark = { good: 'ok', warning: 'note', bad: 'BAD' };
  return {
    text:
      bad.length > 0
        ? `${workspace} cannot be backed up: ${bad.map(({ says }) => says).join(' ')}`
        : `${workspace} is ready to be backed up${warnings.length > 0 ? `, with ${writeCount(warnings.length, 'note')}` : ''}.`,
    tone: bad.length > 0 ? 'bad' : warnings.length > 0 ? 'warning' : 'good',
    table: {
      columns: ['', 'About', 'Says'],
      rows: findings.map(({ about, state, says }) => [mark[state], about, says]),
    },
    ...(bad.length > 0 ? { failed: true } : {}),
    json: asJson({ workspace, ready: bad.length === 0, findings }),
  };
}
