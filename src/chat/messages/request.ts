import type { DeletePlan, RestorePlan, UndoPlan } from '../../records/plan.ts';
import type { Request } from '../../records/request.ts';
import { writeDuration } from '../../records/time.ts';
import type { Action, Message } from '../chat.ts';
import { describeBrokenGlass } from './broken-glass.ts';
import { writeCount, writeMoment, writeSize } from './words.ts';

/** The one drawing of a request, whatever happened to it: everything is read from the record. */
export function describeRequest(request: Request): Message {
  const asked = `${request.workspace}: ${request.by.name} asks to ${whatIsAsked(request)}${request.reason ? `: ${request.reason}` : ''}.`;
  const glass = describeBrokenGlass(request);
  return {
    key: `${request.id}`,
    workspace: request.workspace,
    tone: toneOf(request, glass !== ''),
    text: [asked, glass, state(request)].filter((sentence) => sentence !== '').join(' '),
    details: describePlan(request),
    ...(request.status === 'pending' ? { actions: decisions(request) } : {}),
  };
}

function decisions(request: Request): Action[] {
  const given = { request: request.id };
  const isIncomplete = request.kind === 'restore' && request.plan.missing !== undefined;
  return [
    {
      word: 'approve',
      given: { ...given, ...(isIncomplete ? { acceptIncomplete: true } : {}) },
      label: isIncomplete ? 'Approve, though incomplete' : 'Approve',
      style: 'primary',
      confirm: whatIsApproved(request),
    },
    { word: 'deny', given, label: 'Deny', style: 'danger', ask: 'reason' },
  ];
}

/** The last thing read before a button counts: what, from where, how much, and what is lost. */
function whatIsApproved(request: Request): string {
  const asked = `${request.by.name} asks to ${whatIsAsked(request)}.`;
  if (request.kind === 'delete') return `${asked} It is removed for ever.`;
  const kept = request.kind === 'restore' && request.plan.vendor ? [request.plan.vendor.part] : [];
  const names = [...kept, ...request.plan.parts.map(({ name }) => name)].join(', ');
  const down = writeDuration(request.plan.forecast.downtimeMs);
  const isFinal = request.kind === 'restore' && !request.plan.undoable;
  const end = isFinal ? ' This cannot be undone.' : '';
  return `${asked} Overwrites ${names} of ${request.workspace}; services are down for about ${down}.${end}`;
}

/** `restore bkp_x (2026-11-22 22:01 UTC)`. */
export function whatIsAsked(request: Request): string {
  const subject = request.kind === 'undo' ? request.plan.undoes : request.backupId;
  const into = request.kind === 'restore' && request.plan.fromWorkspace ? ` of ${request.plan.fromWorkspace}` : '';
  return `${request.kind} ${subject}${into} (${writeMoment(request.plan.takenAt)})`;
}

function describePlan(request: Request): string[] {
  switch (request.kind) {
    case 'restore':
      return describeRestorePlan(request.plan, request.id);
    case 'undo':
      return describeUndoPlan(request.plan);
    case 'delete':
      return describeDeletePlan(request.plan);
  }
}

function toneOf(request: Request, isGlassBroken: boolean): Message['tone'] {
  if (request.status === 'denied' || isGlassBroken) return 'bad';
  return request.status === 'pending' ? 'warning' : 'info';
}

export function describeDeletePlan(plan: DeletePlan): string[] {
  return [
    `Removes ${writeCount(plan.files, 'file')}, ${writeSize(plan.bytes)} for ever; this cannot be undone.`,
    ...plan.warnings,
  ];
}

function state(request: Request): string {
  const last = request.votes.at(-1);
  switch (request.status) {
    case 'pending':
      return `${stillNeeded(request)} until ${writeMoment(request.expiresAt)}: cml approve ${request.id}, or cml deny ${request.id} --reason "..."`;
    case 'approved':
      return `Approved by ${approving(request)}.`;
    case 'denied':
      return `Denied by ${last?.by.name ?? 'nobody'}: ${last?.reason ?? ''}`;
    case 'used':
      return `Approved by ${approving(request)}; it runs as ${request.operationId ?? 'an operation'}.`;
    case 'expired':
      return 'It expired.';
    case 'withdrawn':
      return 'It was taken back.';
  }
}

function stillNeeded(request: Request): string {
  const given = request.votes.filter(({ approves }) => approves).length;
  const missing = Math.max(1, request.votesNeeded - given);
  if (given === 0) return `It needs ${writeCount(missing, 'approval')}`;
  return `Approved by ${approving(request)}; it needs ${writeCount(missing, 'more approval')}`;
}

function approving({ votes }: Request): string {
  const names = votes.filter(({ approves }) => approves).map(({ by }) => by.name);
  return names.length === 0 ? 'nobody' : names.join(' and ');
}

/** What an approver reads before deciding; with the request, also how it is approved. */
export function describeRestorePlan(plan: RestorePlan, requestId?: string): string[] {
  const swap = plan.way === 'swap' ? 'What is displaced is kept whole for the grace period.' : '';
  return [
    ...plan.parts.map((part) => overwritten(part, plan)),
    ...since(plan.writtenSince, 'the backup was taken', plan.scope === 'whole'),
    `Services are down for about ${writeDuration(plan.forecast.downtimeMs)} (from ${plan.forecast.basis}).`,
    ...(plan.vendor ? [`Overwrites ${plan.vendor.part}: all that the control plane holds of the workspace.`] : []),
    ...(plan.definition ? [`Release in the backup: ${plan.releaseThen}; release now: ${plan.releaseNow}.`] : []),
    ...(plan.undoable ? [swap].filter(Boolean) : ['This cannot be undone.']),
    ...lacking(plan, requestId),
    ...plan.warnings,
  ];
}

function overwritten(part: RestorePlan['parts'][number], plan: Pick<RestorePlan, 'overwrites'>): string {
  const { name, within, path } = part;
  const live = plan.overwrites.find((candidate) => candidate.name === name);
  const now = live ? `; there now: ${writeCount(live.files, 'file')}, ${writeSize(live.bytes)}` : '';
  const what = within === undefined ? `${name} (${path})` : `${within} in ${name} (${path})`;
  return `Overwrites ${what} with ${writeCount(part.files, 'file')}, ${writeSize(part.bytes)}${now}.`;
}

function since(written: number | undefined, when: string, isKnowable: boolean): string[] {
  if (written !== undefined) return [`${writeCount(written, 'file')} written since ${when} would be displaced.`];
  return isKnowable ? ['How much was written since cannot be known.'] : [];
}

function lacking({ missing }: RestorePlan, requestId: string | undefined): string[] {
  if (!missing) return [];
  const how = requestId === undefined ? '' : ` Who approves it says so: cml approve ${requestId} --accept-incomplete`;
  return [`THE BACKUP IS INCOMPLETE. It lacks: ${missing.join('; ')}.${how}`];
}

export function describeUndoPlan(plan: UndoPlan): string[] {
  return [
    ...plan.parts.map(({ name, within, path }) => {
      const what = within === undefined ? `${name} (${path})` : `${within} in ${name} (${path})`;
      const live = within === undefined ? plan.overwrites.find((candidate) => candidate.name === name) : undefined;
      const now = live ? `; there now: ${writeCount(live.files, 'file')}, ${writeSize(live.bytes)}` : '';
      return `Brings back ${what} as it was before ${plan.undoes}${now}.`;
    }),
    ...since(
      plan.writtenSince,
      'then',
      plan.parts.every(({ within }) => within === undefined),
    ),
    `Services are down for about ${writeDuration(plan.forecast.downtimeMs)} (from ${plan.forecast.basis}).`,
    plan.definitionSha256 === undefined
      ? 'The definition stays as it is.'
      : `Release then: ${plan.releaseThen}; release now: ${plan.releaseNow}.`,
    'What is displaced is kept whole for the grace period.',
    ...plan.warnings,
  ];
}
