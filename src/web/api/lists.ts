import { z } from 'zod';
import { backupOrder } from '../../catalog/backup-query.ts';
import { backup } from '../../records/backup.ts';
import { personName } from '../../records/person.ts';
import { restoreRequest } from '../../records/request.ts';
import { moment } from '../../records/time.ts';
import { workspaceName } from '../../records/workspace.ts';
import { defineList, type ListRoute } from './route.ts';
import { audit, backups, operations, requests } from './shapes.ts';

const MOST = 500;
const limit = z.coerce.number().int().min(1).max(MOST).default(50).meta({ description: 'At most this many' });
const cursor = z.string().max(1_000).optional().meta({ description: 'What the page before answered as next' });
const workspace = workspaceName.optional();

const backupsQuery = z.strictObject({
  workspace,
  status: backup.shape.status.optional().meta({ description: 'Without it: all but those that are deleted' }),
  trigger: backup.shape.trigger.optional(),
  by: personName.optional(),
  from: moment.optional().meta({ description: 'Taken at this moment or later' }),
  before: moment.optional().meta({ description: 'Taken before this moment' }),
  text: z.string().max(200).optional().meta({ description: 'Somewhere in id, name, reason, workspace or person' }),
  order: backupOrder.default('takenAt'),
  direction: z.enum(['up', 'down']).default('down'),
  limit,
  cursor,
});

/** Lists of which there may be very many: a page at a time. */
export const lists: readonly ListRoute[] = [
  defineList({
    ...{ path: '/backups', summary: 'Backups, filtered and sorted', query: backupsQuery, answer: backups },
    look({ orchestrator }, { cursor: after, from, before, direction, ...query }) {
      return orchestrator.pageBackups({
        ...query,
        after,
        from: from === undefined ? undefined : Date.parse(from),
        before: before === undefined ? undefined : Date.parse(before),
        ascending: direction === 'up',
      });
    },
  }),
  defineList({
    ...{ path: '/operations', summary: 'What was done, newest first', answer: operations },
    query: z.strictObject({ workspace, limit, cursor }),
    look: ({ orchestrator }, query) => orchestrator.pageOperations(query),
  }),
  defineList({
    ...{ path: '/requests', summary: 'What was asked for and who decided, newest first', answer: requests },
    query: z.strictObject({ workspace, status: restoreRequest.shape.status.optional(), limit, cursor }),
    look: ({ orchestrator }, query) => orchestrator.pageRequests(query),
  }),
  defineList({
    ...{ path: '/audit', summary: 'Who did what, newest first', answer: audit },
    query: z.strictObject({
      ...{ workspace, limit, cursor, by: personName.optional() },
      subject: z.string().max(100).optional().meta({ description: 'The id of an operation, backup or request' }),
    }),
    look: ({ orchestrator }, { cursor: before, ...query }) => orchestrator.pageAudit({ ...query, before }),
  }),
];
