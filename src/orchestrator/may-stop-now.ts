import { writeMoment } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import type { Person } from '../records/person.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import { readWindow, windowEndsAt } from '../schedule/window.ts';
import type { Room } from './room.ts';

/**
 * Stopping services without notice surprises whoever works there: not everybody may, and in working hours only operators.
 * A schedule's notice was thought about when it was written.
 */
export function requireMayStopNow(room: Room, person: Person, settings: WorkspaceSettings, now: Date): void {
  const { name, policy } = settings;
  room.requireOperator(person, settings);
  if (person.proof === 'schedule') return;
  if (policy.now === 'nobody') {
    throw new UserError('not-allowed', `In ${name} services are never stopped without notice (policy.now).`, {
      hint: 'Give people some time: --notice 10m',
    });
  }
  const { workingHours: working } = policy;
  const workUntil = working && windowEndsAt(readWindow(working.hours), working.zone, now);
  if ((policy.now === undefined && !workUntil) || policy.operators?.includes(person.name)) return;
  const when = workUntil ? `: people work there until ${writeMoment(workUntil)}` : '';
  const operators = policy.operators?.join(', ');
  throw new UserError('not-allowed', `In ${name} only operators may stop services without notice${when}.`, {
    hint: operators
      ? `Operators: ${operators}. Or give people some time: --notice 10m`
      : 'None is named under policy.operators. Give people some time: --notice 10m',
  });
}
