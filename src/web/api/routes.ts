import { lists } from './lists.ts';
import type { Route, StreamRoute, WordRoute } from './route.ts';
import {
  begun,
  cancelled,
  changedSchedules,
  decided,
  findings,
  fired,
  oneBackup,
  oneOperation,
  oneRequest,
  operationView,
  plannedBackup,
  plannedDelete,
  plannedRestore,
  plannedUndo,
  postponed,
  retention,
  schedules,
  started,
  workspaces,
} from './shapes.ts';

type Declared = Omit<WordRoute, 'kind' | 'scope'>;
const looks = (route: Declared): WordRoute => ({ ...route, kind: 'look', scope: 'read' });
const changes = (route: Declared): WordRoute => ({ ...route, kind: 'change', scope: 'write' });
const decides = (route: Declared): WordRoute => ({ ...route, kind: 'change', scope: 'approve' });

const ofSchedules = '/workspaces/{workspace}/schedules';

const CHANGES_OF_SCHEDULES = {
  pause: 'Nothing of it begins until it is resumed',
  resume: 'Go on with the next time; nothing is caught up',
  skip: 'Leave out the next time only',
} as const;

const seen: readonly WordRoute[] = [
  looks({ path: '/workspaces', summary: 'Every workspace as it stands', word: 'status', answer: workspaces }),
  looks({
    ...{ path: '/workspaces/{workspace}', summary: 'One workspace as it stands' },
    ...{ word: 'status', keys: { workspace: 'subject' }, answer: workspaces },
  }),
  looks({
    ...{ path: '/workspaces/{workspace}/check', summary: 'What a backup and a restore will need; disturbs nobody' },
    ...{ word: 'check', answer: findings },
  }),
  looks({
    ...{ path: '/workspaces/{workspace}/retention', summary: 'Which backups the rules keep and which would go' },
    ...{ word: 'list', given: { retention: true }, answer: retention },
  }),
  looks({
    ...{ path: '/schedules', summary: 'What happens unasked, and when' },
    ...{ word: 'schedule', given: { what: 'list' }, answer: schedules },
  }),
  looks({
    ...{ path: ofSchedules, summary: 'What happens unasked in one workspace' },
    ...{ word: 'schedule', given: { what: 'show' }, answer: schedules },
  }),
  looks({
    ...{ path: '/backups/{backup}', summary: 'One backup' },
    ...{ word: 'status', keys: { backup: 'subject' }, answer: oneBackup },
  }),
  looks({
    ...{ path: '/operations/{operation}', summary: 'One operation as it stands, with the backup that it made' },
    ...{ word: 'status', keys: { operation: 'subject' }, answer: oneOperation },
  }),
  looks({
    ...{ path: '/requests/{request}', summary: 'One request, with what it would do' },
    ...{ word: 'status', keys: { request: 'subject' }, answer: oneRequest },
  }),
];

const said: readonly WordRoute[] = [
  changes({
    ...{ path: '/workspaces/{workspace}/backup', summary: 'Back up', word: 'backup' },
    ...{ makes: 'operation', answer: begun, plan: plannedBackup },
  }),
  changes({
    ...{ path: '/workspaces/{workspace}/start', summary: 'Bring services back that were stopped', word: 'start' },
    answer: started,
  }),
  changes({
    ...{ path: '/backups/{backup}/restore', summary: 'Ask for a restore; another person approves', word: 'restore' },
    ...{ makes: 'request', answer: oneRequest, plan: plannedRestore },
  }),
  changes({
    ...{ path: '/backups/{backup}/delete', summary: 'Ask for a deletion; another person approves', word: 'delete' },
    ...{ makes: 'request', answer: oneRequest, plan: plannedDelete },
  }),
  changes({
    ...{ path: '/backups/{backup}/verify', summary: 'Bring it back into a scratch place and compare', word: 'verify' },
    ...{ makes: 'operation', answer: begun },
  }),
  changes({ path: '/backups/{backup}/pin', summary: 'Keep it for ever', word: 'pin', answer: oneBackup }),
  changes({ path: '/backups/{backup}/unpin', summary: 'Take the pin away', word: 'unpin', answer: oneBackup }),
  changes({
    ...{ path: '/operations/{operation}/cancel', summary: 'Cancel it; services come up first', word: 'cancel' },
    ...{ keys: { operation: 'subject' }, answer: cancelled },
  }),
  changes({
    ...{ path: '/operations/{operation}/postpone', summary: 'Let services stop later, or now', word: 'postpone' },
    ...{ keys: { operation: 'subject' }, answer: postponed },
  }),
  changes({
    ...{ path: '/operations/{operation}/undo', summary: 'Ask for what it displaced; another person approves' },
    ...{ word: 'undo', makes: 'request', answer: oneRequest, plan: plannedUndo },
  }),
  decides({ path: '/requests/{request}/approve', summary: 'Approve it', word: 'approve', answer: decided }),
  decides({ path: '/requests/{request}/deny', summary: 'Deny it, with a reason', word: 'deny', answer: decided }),
  changes({
    ...{ path: '/requests/{request}/cancel', summary: 'Take back a request of your own', word: 'cancel' },
    ...{ keys: { request: 'subject' }, answer: cancelled },
  }),
  ...Object.entries(CHANGES_OF_SCHEDULES).map(([what, summary]) =>
    changes({ path: `${ofSchedules}/${what}`, summary, word: 'schedule', given: { what }, answer: changedSchedules }),
  ),
  changes({
    ...{ path: `${ofSchedules}/run`, summary: 'Run one now; its next time stays as it is', word: 'schedule' },
    ...{ given: { what: 'run' }, answer: fired },
  }),
];

const events: StreamRoute = {
  ...{ kind: 'stream', scope: 'read', path: '/operations/{operation}/events', answer: operationView },
  summary: 'One operation as it changes, to its end: events named view, with beats in between and ended as the last',
  subject: 'operation',
};

/** Everything there is below `/api/v1`: the router and the document are both made from it. */
export const routes: readonly Route[] = [...seen, ...lists, events, ...said];
