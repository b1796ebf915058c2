import { isSameHuman } from './approval/rules.ts';
import { whatIsAsked } from './chat/messages/request.ts';
import { writeKind, writeMoment } from './chat/messages/words.ts';
import type { Choice } from './chat/slack/door-world.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';
import type { OperationView } from './records/operation.ts';
import type { Person } from './records/person.ts';
import type { Request } from './records/request.ts';

/** As many as a form can offer. Source: reference/chatops-anchors.md A3. */
const MOST_CHOICES = 100;
/** Whose displaced data may be there still: older ones are typed. */
const MOST_LOOKED_AT = 50;

/** What the forms of Slack offer for a field of a word, so that nobody has to know an id; none where anything may be typed. */
export async function choicesFor(
  orchestrator: Orchestrator,
  person: Person,
  { word, key }: { readonly word: string; readonly key: string },
): Promise<Choice[]> {
  switch (key) {
    case 'workspace':
    case 'to':
      return orchestrator.workspaces().map((name) => ({ value: name, label: name }));
    case 'backup':
      return backupChoices(orchestrator);
    case 'request':
      return (await pending(orchestrator)).filter((request) => isOpenTo(person, request)).map(requestChoice);
    case 'operation':
      return (await orchestrator.listOperations({ limit: MOST_LOOKED_AT })).filter(mayBeUndone).map(operationChoice);
    case 'name':
      return word === 'schedule' ? scheduleChoices(orchestrator) : [];
    case 'subject':
      return steerable(orchestrator, person, word);
    default:
      return [];
  }
}

async function backupChoices(orchestrator: Orchestrator): Promise<Choice[]> {
  const backups = await orchestrator.listBackups({ limit: MOST_CHOICES });
  return backups.map(({ id, name, workspace, takenAt }) => {
    return { value: id, label: `${workspace}, ${writeMoment(takenAt)}${name === undefined ? '' : `, ${name}`}` };
  });
}

/** A name may stand for schedules of several workspaces. */
async function scheduleChoices(orchestrator: Orchestrator): Promise<Choice[]> {
  const schedules = (await orchestrator.listSchedules({})).map(({ schedule }) => schedule);
  return [...new Set(schedules.map(({ name }) => name))].map((name) => {
    const where = schedules.filter((one) => one.name === name).map(({ workspace = 'all workspaces' }) => workspace);
    return { value: name, label: `${name}: ${where.join(', ')}` };
  });
}

/** What runs; whoever cancels may also take back what they asked for. Status tells of more than could be offered. */
async function steerable(orchestrator: Orchestrator, person: Person, word: string): Promise<Choice[]> {
  if (word !== 'cancel' && word !== 'postpone') return [];
  const running = orchestrator.running().map((one) => operationChoice(one.view()));
  if (word === 'postpone') return running;
  const own = (await pending(orchestrator)).filter(({ by }) => isSameHuman(by, person));
  return [...running, ...own.map(requestChoice)];
}

function pending(orchestrator: Orchestrator): Promise<Request[]> {
  return orchestrator.listRequests({ status: 'pending', limit: MOST_CHOICES });
}

function requestChoice(request: Request): Choice {
  return { value: request.id, label: `${request.workspace}: ${request.by.name} asks to ${whatIsAsked(request)}` };
}

function operationChoice({ id, workspace, kind, startedAt }: OperationView): Choice {
  return { value: id, label: `${workspace}: ${writeKind(kind)}, ${writeMoment(startedAt)}` };
}

function mayBeUndone({ kind, status }: OperationView): boolean {
  return (kind === 'restore' || kind === 'undo') && status === 'succeeded';
}

/** They neither asked for it nor decided on it. */
export function isOpenTo(person: Person, { status, by, votes }: Request): boolean {
  return status === 'pending' && ![by, ...votes.map((vote) => vote.by)].some((other) => isSameHuman(person, other));
}
