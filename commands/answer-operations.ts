import type { Answer } from '../src/chat/answer.ts';
import { writeCount, writeKind, writeMoment } from '../src/chat/messages/words.ts';
import type { OperationView } from '../src/records/operation.ts';
import { writeDuration } from '../src/records/time.ts';
import { asJson } from './answers.ts';

/** What was done, newest first, and how it ended. */
export function answerOperations(views: readonly OperationView[], workspace?: string): Answer {
  const whose = workspace === undefined ? '' : ` of ${workspace}`;
  const failed = views.filter(({ status }) => status === 'failed').length;
  const failures = failed === 0 ? '' : `, ${failed} failed`;
  return {
    text:
      views.length === 0
        ? `Nothing was done${whose} yet.`
        : `${writeCount(views.length, 'operation')}${whose}${failures}.`,
    tone: 'info',
    ...(views.length === 0
      ? {}
      : {
          table: { columns: COLUMNS, rows: views.map(row), dispensable: ['By', 'Downtime', 'Took'] },
          hint: 'All of one: cml status <operation>',
        }),
    json: asJson({ operations: views }),
  };
}

const COLUMNS = ['Operation', 'Workspace', 'Kind', 'By', 'Began at', 'Status', 'Downtime', 'Took', 'Why'];

function row(view: OperationView): string[] {
  const { id, workspace, kind, by, startedAt, endedAt, status, downtimeMs, error } = view;
  return [
    id,
    workspace,
    writeKind(kind),
    by,
    writeMoment(startedAt),
    status,
    downtimeMs === undefined ? '' : writeDuration(downtimeMs),
    endedAt === undefined ? '' : writeDuration(Date.parse(endedAt) - Date.parse(startedAt)),
    error?.message ?? '',
  ];
}
