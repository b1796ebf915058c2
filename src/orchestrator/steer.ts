import { isSameHuman } from '../approval/rules.ts';
import { describeRequest } from '../chat/messages/request.ts';
import { stopMoved } from '../chat/messages/services-stop.ts';
import { writeMoment } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import { announcedStop } from '../operation/journal.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { Request } from '../records/request.ts';
import { findOperation, findRequest } from './find.ts';
import { requireMayStopNow } from './may-stop-now.ts';
import type { Room } from './room.ts';

/** Longest that all postponements together may move a stop, in milliseconds. */
const POSTPONE_CAP = 24 * 3_600_000;

/** Cancels a running operation, or takes back one's own request. */
export async function cancel(
  room: Room,
  person: Person,
  subject: string,
  reason?: string,
): Promise<{ operation: Operation } | { request: Request }> {
  if (subject.startsWith('req_')) return { request: await withdraw(room, person, subject) };
  const operation = await findOperation(room, subject);
  room.requireOperator(person, operation.settings);
  const running = room.runningIn(operation.workspace);
  if (!running || running.operation().id !== operation.id) {
    throw new UserError('nothing-to-do', `${operation.id} is not running: it ${operation.status}.`, {
      hint: 'See what runs with: cml status',
    });
  }
  await running.cancel(person, reason);
  await note(room, person, 'cancelled', operation, reason);
  return { operation: running.operation() };
}

async function withdraw(room: Room, person: Person, subject: string): Promise<Request> {
  const { id } = await findRequest(room, subject);
  const request = await room.world.catalog.requests.change(id, (standing) => {
    if (!isSameHuman(standing.by, person)) {
      throw new UserError('not-allowed', `Only ${standing.by.name} may take back ${standing.id}.`, {
        hint: `An approver denies it instead: cml deny ${standing.id} --reason "..."`,
      });
    }
    if (standing.status !== 'pending' && standing.status !== 'approved') {
      throw new UserError('not-pending', `${standing.id} is ${standing.status} already.`);
    }
    return { ...standing, status: 'withdrawn' };
  });
  await room.world.catalog.audit.append({
    at: room.world.clock.now().toISOString(),
    by: person,
    did: 'withdrawn',
    workspace: request.workspace,
    subject: id,
  });
  await room.world.chat.showRequest(request, describeRequest(request));
  return request;
}

/** Moves the announced stop, by so many milliseconds or to this moment; people are told. */
export async function postpone(room: Room, person: Person, subject: string, by: number | 'now'): Promise<Date> {
  const { world } = room;
  const operation = await findOperation(room, subject);
  const running = room.runningIn(operation.workspace);
  const told = announcedStop(operation.journal);
  if (!running || running.operation().id !== operation.id || !told) {
    throw new UserError('nothing-to-do', `Nothing is counting down for "${subject}".`, {
      hint: 'See what runs with: cml status',
    });
  }
  const now = world.clock.now();
  if (by === 'now') requireMayStopNow(room, person, operation.settings, now);
  const stopsAt = by === 'now' ? now : new Date(Math.max(told.getTime(), now.getTime()) + by);
  const first = operation.journal.find((event) => event.type === 'announced');
  if (first && stopsAt.getTime() - Date.parse(first.stopsAt) > POSTPONE_CAP) {
    throw new UserError('too-late', 'It cannot be postponed by more than a day in all.', {
      hint: `Cancel it instead: cml cancel ${operation.id}`,
    });
  }
  refuseBeyondWindow(operation, stopsAt);
  await running.postpone(person, stopsAt);
  await note(room, person, by === 'now' ? 'started at once' : 'postponed', operation);
  const { id: operationId, workspace } = operation;
  await world.chat.post(stopMoved({ operationId, workspace, by: person.name, stopsAt, isNow: by === 'now' }));
  return stopsAt;
}

/** People move this one run, never its schedule, and never out of the hours in which it may disturb others. */
function refuseBeyondWindow({ id, scheduled }: Operation, stopsAt: Date): void {
  const closesAt = scheduled?.windowClosesAt;
  if (closesAt === undefined || stopsAt < new Date(closesAt)) return;
  throw new UserError('too-late', `Its window closes at ${writeMoment(closesAt)}: services may not stop later.`, {
    hint: `Postpone it by less, or cancel it: cml cancel ${id}. It runs again at its next time.`,
  });
}

async function note(room: Room, person: Person, did: string, operation: Operation, reason?: string): Promise<void> {
  await room.world.catalog.audit.append({
    at: room.world.clock.now().toISOString(),
    by: person,
    did,
    workspace: operation.workspace,
    subject: operation.id,
    ...(reason === undefined ? {} : { reason }),
  });
}
