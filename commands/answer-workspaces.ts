import type { Answer } from '../src/chat/answer.ts';
import { whatIsAsked } from '../src/chat/messages/request.ts';
import { writeKind, writeMoment } from '../src/chat/messages/words.ts';
import type { WorkspaceState } from '../src/orchestrator/look.ts';
import type { OperationView } from '../src/records/operation.ts';
import { freshnessText } from './answer-freshness.ts';
import { asJson } from './answers.ts';

/** More services than this are counted, and only those that are not up are named. */
const NAMED_SERVICES = 6;

/** More workspaces than this are counted in the text, and only those that want a look are told of there. */
const NAMED_WORKSPACES = 10;

/** How workspaces stand: services, what runs and waits, the last backup. */
export function answerWorkspaces(states: readonly WorkspaceState[], follow: boolean, trouble?: string): Answer {
  const waiting = states.flatMap(({ requests }) => requests);
  const [only] = states;
  return {
    text: workspacesText(states) || 'No workspace is configured.',
    tone: states.every(isFine) ? 'good' : 'warning',
    table: {
      columns: ['Workspace', 'Services', 'Now', 'Last backup'],
      rows: likeliestFirst(states).map((state) => [
        state.workspace,
        state.unseen ? 'not known' : servicesCell(state.services),
        state.operation ? nowText(state.operation) : 'nothing runs',
        state.lastBackup
          ? `${isOverdue(state) ? 'OVERDUE, ' : ''}${state.lastBackup.id}, ${writeMoment(state.lastBackup.takenAt)}`
          : 'none',
      ]),
    },
    fields: [
      ...(states.length <= NAMED_WORKSPACES ? states : states.filter(isOverdue)).flatMap(freshnessField),
      ...states.flatMap(({ failed }) => failed.map((view): [string, string] => ['Failed', failureText(view)])),
      ...waiting.map((request): [string, string] => [
        request.status === 'pending' ? 'Waits for a decision' : 'Waits for its turn',
        `${request.id}: ${request.by.name} asks to ${whatIsAsked(request)}${request.reason ? ` (${request.reason})` : ''}`,
      ]),
      ...states.flatMap(retentionField),
      ...states.flatMap(leavingField),
      ...(trouble === undefined ? [] : [['Messages', trouble] as [string, string]]),
    ],
    // One that does not run otherwise may be meant to: a backup does not start it either.
    ...(states.some(({ stoppedBy, unseen }) => stoppedBy !== undefined || unseen) ? { failed: true } : {}),
    json: asJson({ workspaces: states }),
    ...(follow && only?.operation && states.length === 1 ? { follow: only.operation.id } : {}),
  };
}

const isOverdue = ({ freshness }: WorkspaceState) => freshness.is === 'overdue';
const isWell = (state: WorkspaceState) => state.failed.length === 0 && !isOverdue(state) && !state.leaving;
const isUp = (state: WorkspaceState) => state.unseen === undefined && state.services.every(isServiceUp);
const isFine = (state: WorkspaceState) => isUp(state) && isWell(state);

function freshnessField({ workspace, freshness }: WorkspaceState): [string, string][] {
  return freshnessText(freshness).map(([label, text]) => [label, `${workspace}, ${text}`]);
}

function retentionField({ workspace, retentionOff }: WorkspaceState): [string, string][] {
  if (!retentionOff) return [];
  const { since, because } = retentionOff;
  const confirm = `look at the backups, then: cml catalog confirm ${workspace}`;
  return [['Retention is off', `${workspace}, since ${writeMoment(since)}: ${because}; ${confirm}`]];
}

function leavingField({ workspace, leaving }: WorkspaceState): [string, string][] {
  if (!leaving) return [];
  const told = `${workspace} ${leaving.standing}, as its control plane says since ${writeMoment(leaving.since)}`;
  return [['IS LEAVING', `${told}: its backups there go with it`]];
}

function nowText({ kind, id, steps, stopsAt }: OperationView): string {
  const step = steps.findLast(({ state }) => state === 'running');
  const stop = stopsAt ? `; services stop at ${writeMoment(stopsAt)}` : '';
  return `${writeKind(kind)} ${id}${step ? ` (${step.name}${stop})` : ''}`;
}

function failureText({ kind, id, workspace, startedAt, endedAt, error }: OperationView): string {
  const why = error?.message ?? 'no reason was recorded';
  return `the last ${writeKind(kind)} of ${workspace}, ${id}, ended at ${writeMoment(endedAt ?? startedAt)}: ${why}`;
}

/** Where there are many a chat may not show them all. */
function likeliestFirst(states: readonly WorkspaceState[]) {
  if (states.length <= NAMED_WORKSPACES) return states;
  const rank = (state: WorkspaceState) => (isFine(state) ? (state.operation ? 1 : 2) : 0);
  return [...states].sort((one, other) => rank(one) - rank(other));
}

/** Each in a sentence where they are few; of many only those that want a look. */
function workspacesText(states: readonly WorkspaceState[]): string {
  if (states.length <= NAMED_WORKSPACES) return states.map(workspaceText).join(' ');
  const others = states.filter((state) => !isFine(state));
  const more = others.length - NAMED_WORKSPACES;
  return [
    `${states.length - others.length} of ${states.length} workspaces: services are up.`,
    ...others.slice(0, NAMED_WORKSPACES).map(workspaceText),
    ...(more > 0 ? [`And ${more} more want a look.`] : []),
  ].join(' ');
}

function workspaceText(state: WorkspaceState): string {
  const failed = state.failed.map(({ kind }) => ` The last ${writeKind(kind)} failed.`);
  return `${servicesText(state)}${isOverdue(state) ? ' Its backup is OVERDUE.' : ''}${failed.join('')}`;
}

function servicesText(state: WorkspaceState): string {
  if (state.unseen) {
    const { message, hint } = state.unseen;
    return `${state.workspace} cannot be looked at: ${message}${hint === undefined ? '' : ` (${hint})`}`;
  }
  if (state.stoppedBy) {
    return `${state.workspace}: SERVICES ARE DOWN since ${state.stoppedBy}; bring them back with: cml start ${state.workspace}.`;
  }
  const down = state.services.filter(({ running }) => !running).map(({ name }) => name);
  if (down.length > 0) return `${state.workspace}: ${someOf(down)} ${down.length === 1 ? 'is' : 'are'} not running.`;
  return `${state.workspace}: services are up.`;
}

/** Every service by name where they are few; a workspace on a cluster has dozens. */
function servicesCell(services: WorkspaceState['services']): string {
  if (services.length <= NAMED_SERVICES) return services.map(serviceText).join(', ') || 'none';
  const others = services.filter((service) => !isServiceUp(service));
  if (others.length === 0) return `all ${services.length} up`;
  return `${services.length - others.length} of ${services.length} up; ${someOf(others.map(serviceText))}`;
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMED_SERVICES;
  return more > 0 ? `${names.slice(0, NAMED_SERVICES).join(', ')} and ${more} more` : names.join(', ');
}

function isServiceUp({ running, ready }: WorkspaceState['services'][number]): boolean {
  return running && ready;
}

function serviceText({ name, running, ready }: WorkspaceState['services'][number]): string {
  return `${name} ${running ? (ready ? 'up' : 'NOT READY') : 'DOWN'}`;
}
