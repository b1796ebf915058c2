import type { DeletePlan, RestorePlan } from '../../records/plan.ts';
import type { Request } from '../../records/request.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { writeCount, writeMoment, writeSize } from './words.ts';

/** The one drawing of a request, whatever happened to it: everything is read from the record. */
export function describeRequest(request: Request): Message {
  return {
    key: `${request.id}`,
    workspace: request.workspace,
    tone: request.status === 'pending' ? 'warning' : request.status === 'denied' ? 'bad' : 'info',
    text: `${request.workspace}: ${request.by.name} asks to ${request.kind} ${request.backupId} (${writeMoment(request.plan.takenAt)})${request.reason ? `: ${request.reason}` : ''}. ${state(request)}`,
    details: request.kind === 'restore' ? describeRestorePlan(request.plan) : describeDeletePlan(request.plan),
  };
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
      return `It needs ${writeCount(Math.max(1, request.votesNeeded - request.votes.filter(({ approves }) => approves).length), 'approval')} until ${writeMoment(request.expiresAt)}: cml approve ${request.id}, or cml deny ${request.id} --reason "..."`;
    case 'approved':
      return `Approved by ${last?.by.name ?? 'nobody'}.`;
    case 'denied':
      return `Denied by ${last?.by.name ?? 'nobody'}: ${last?.reason ?? ''}`;
    case 'used':
      return `Approved by ${last?.by.name ?? 'nobody'}; it runs as ${request.operationId ?? 'an operation'}.`;
    case 'expired':
      return 'It expired.';
    case 'withdrawn':
      return 'It was taken back.';
  }
}

/** What an approver reads before deciding. */
export function describeRestorePlan(plan: RestorePlan): string[] {
  const parts = plan.parts.map((part) => {
    const live = plan.overwrites.find(({ name }) => name === part.name);
    const now = live ? `; there now: ${writeCount(live.files, 'file')}, ${writeSize(live.bytes)}` : '';
    return `Overwrites ${part.name} (${part.path}) with ${writeCount(part.files, 'file')}, ${writeSize(part.bytes)}${now}.`;
  });
  const since =
    plan.writtenSince === undefined
      ? 'How much was written since cannot be known.'
      : `${writeCount(plan.writtenSince, 'file')} written since the backup would be displaced.`;
  return [
    ...parts,
    since,
    `Services are down for about ${writeDuration(plan.forecast.downtimeMs)} (from ${plan.forecast.basis}).`,
    `Release in the backup: ${plan.releaseThen}; release now: ${plan.releaseNow}.`,
    plan.undoable ? 'What is displaced is kept whole for the grace period.' : 'This cannot be undone.',
    ...plan.warnings,
  ];
}
