import type { Operation } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { afterFailure } from './after-failure.ts';
import { writeCount, writeKind, writeMoment, writeSize } from './words.ts';

function lasted(operation: Operation): string {
  return writeDuration(Date.parse(operation.endedAt ?? operation.startedAt) - Date.parse(operation.startedAt));
}

function base(operation: Operation): Pick<Message, 'key' | 'workspace' | 'operationId'> {
  return { key: `${operation.id}:end`, workspace: operation.workspace, operationId: operation.id };
}

interface BackupFacts {
  readonly backupId: string;
  readonly files: number;
  readonly bytes: number;
  readonly addedBytes: number;
  readonly downtimeMs: number;
  /** Names of the parts that were copied while services were up. */
  readonly notConsistent?: readonly string[] | undefined;
  /** Names of the parts whose programs had to be killed before the cut. */
  readonly crashConsistent?: readonly string[] | undefined;
  /** Names of the parts of which nobody can prove that nothing was written meanwhile. */
  readonly approximate?: readonly string[] | undefined;
  /** Names of the parts that the control plane keeps, of which only its word is known. */
  readonly vendorReported?: readonly string[] | undefined;
  /** The newest backup that was found whole, before this one; null: there is none. Absent: it was not looked for. */
  readonly lastVerified?: { readonly backupId: string; readonly at: string } | null | undefined;
  readonly warnings: readonly string[];
}

export function backupEnded(operation: Operation, facts: BackupFacts): Message {
  const size = `${writeCount(facts.files, 'file')}, ${writeSize(facts.bytes)} (${writeSize(facts.addedBytes)} new)`;
  const { notConsistent = [], crashConsistent = [], approximate = [], vendorReported = [] } = facts;
  const torn =
    notConsistent.length === 0 ? '' : ` NOT CONSISTENT, copied while services were up: ${notConsistent.join(', ')}.`;
  const crashed =
    crashConsistent.length === 0 ? '' : ` CRASH-CONSISTENT only, a program was killed: ${crashConsistent.join(', ')}.`;
  const about =
    approximate.length === 0 ? '' : ` APPROXIMATE, services may have written meanwhile: ${approximate.join(', ')}.`;
  const reported =
    vendorReported.length === 0
      ? ''
      : ` Vendor-reported, kept by the control plane and not read by us: ${vendorReported.join(', ')}.`;
  return {
    ...base(operation),
    tone: torn === '' && crashed === '' && about === '' ? 'good' : 'warning',
    text: `${operation.workspace}: backup ${facts.backupId} completed in ${lasted(operation)}; services were down for ${writeDuration(facts.downtimeMs)}; ${size}.${torn}${crashed}${about}${reported}`,
    backupId: facts.backupId,
    details: [...verification(facts), ...facts.warnings],
    actions: [{ word: 'restore', given: { backup: facts.backupId }, label: 'Restore it' }],
  };
}

function verification({ backupId, lastVerified }: BackupFacts): string[] {
  if (lastVerified === undefined) return [];
  if (lastVerified === null) return [`No backup of this workspace was verified lately: cml verify ${backupId}`];
  return [`Last verified: ${lastVerified.backupId}, ${writeMoment(lastVerified.at)}.`];
}

interface RestoreFacts {
  readonly backupId: string;
  readonly downtimeMs: number;
  readonly files: number;
  readonly bytes: number;
  /** Where what was there before is kept, and until when; a restore in place displaces nothing. */
  readonly displaced?: readonly string[] | undefined;
  readonly displacedUntil?: string | undefined;
  /** What stood there before, as a backup: of a restore in place. */
  readonly safetyBackupId?: string | undefined;
  readonly warnings: readonly string[];
}

type HowBackFacts = Pick<RestoreFacts, 'displaced' | 'displacedUntil' | 'safetyBackupId' | 'warnings'>;

export function restoreEnded(operation: Operation, facts: RestoreFacts): Message {
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: restored from ${facts.backupId} in ${lasted(operation)}; services were down for ${writeDuration(facts.downtimeMs)}; ${writeCount(facts.files, 'file')}, ${writeSize(facts.bytes)}.`,
    backupId: facts.backupId,
    ...howBack(operation, facts),
  };
}

export function undoEnded(
  operation: Operation,
  facts: Omit<RestoreFacts, 'files' | 'bytes'> & { readonly undone: string },
): Message {
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: ${facts.undone} was undone in ${lasted(operation)}; services were down for ${writeDuration(facts.downtimeMs)}.`,
    ...howBack(operation, facts),
  };
}

/** Where what stood there before is now, and how to get it back. */
function howBack({ id }: Operation, facts: HowBackFacts): Pick<Message, 'details' | 'actions'> {
  const { displaced = [], displacedUntil, safetyBackupId, warnings } = facts;
  if (safetyBackupId) {
    return {
      details: ['What was there before is a backup now.', ...warnings],
      actions: [{ word: 'restore', given: { backup: safetyBackupId }, label: 'Get it back' }],
    };
  }
  if (displacedUntil === undefined || displaced.length === 0) return { details: warnings };
  return {
    details: [
      `What was there before is kept until ${writeMoment(displacedUntil)}: ${displaced.join(', ')}.`,
      ...warnings,
    ],
    actions: [{ word: 'undo', given: { operation: id }, label: 'Get it back' }],
  };
}

export function backupDeleted(
  operation: Operation,
  facts: { backupId: string; copies: number; vendor?: string | undefined },
): Message {
  const kept = facts.vendor === undefined ? '' : ` The control plane deleted its backup "${facts.vendor}".`;
  const copies =
    facts.copies === 0
      ? ''
      : `; ${writeCount(facts.copies, 'copy', 'copies')} dropped. The space comes back with the next prune of the repository`;
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: backup ${facts.backupId} was deleted${copies}.${kept}`,
  };
}

export function backupVerified(
  operation: Operation,
  facts: {
    readonly backupId: string;
    readonly files: number;
    readonly bytes: number;
    readonly restoreMs?: number | undefined;
    readonly checks: number;
    /** What of the content was compared, where not all of it was. */
    readonly share?: { readonly share: number; readonly of: number } | undefined;
    /** Parts that nobody could bring back; the control plane says that it has them. */
    readonly vendorReported?: readonly string[] | undefined;
  },
): Message {
  const { vendorReported = [] } = facts;
  const reported =
    vendorReported.length === 0
      ? ''
      : ` VENDOR-REPORTED only, nobody could look into it: ${vendorReported.join(', ')}.`;
  if (reported !== '' && facts.files === 0) return onlyReported(operation, facts.backupId, reported);
  const checks = facts.checks === 0 ? '' : `; ${writeCount(facts.checks, 'check')} passed`;
  const content = facts.share
    ? `; of the content share ${facts.share.share + 1} of ${facts.share.of} was compared`
    : '';
  const took = facts.restoreMs === undefined ? '' : ` in ${writeDuration(facts.restoreMs)}`;
  return {
    ...base(operation),
    tone: 'good',
    text: `${operation.workspace}: backup ${facts.backupId} was brought back and found whole: ${writeCount(facts.files, 'file')}, ${writeSize(facts.bytes)}${took}${content}${checks}.${reported}`,
    backupId: facts.backupId,
  };
}

/** Nothing of it is in our repository: that is no verification. */
function onlyReported(operation: Operation, backupId: string, reported: string): Message {
  return {
    ...base(operation),
    tone: 'warning',
    text: `${operation.workspace}: the control plane says that it still has ${backupId}; nothing was brought back.${reported}`,
    backupId,
  };
}

/**
 * The end of an operation that did not do what was asked, by cancel or by failure. One of a kind that never stops services
 * knows nothing of them.
 */
export function operationFailed(operation: Operation, servicesAreUp?: boolean): Message {
  const error = operation.error;
  const isCancelled = operation.status === 'cancelled';
  const isPutOff = error?.code === 'put-off';
  const what = isCancelled ? 'was cancelled' : isPutOff ? 'was put off' : 'failed';
  const hint = error?.hint === undefined ? [] : [error.hint];
  const details = isCancelled ? hint : afterFailure(operation);
  const services =
    servicesAreUp === undefined
      ? 'Services were not touched.'
      : servicesAreUp
        ? 'Services are up.'
        : 'SERVICES ARE DOWN.';
  return {
    ...base(operation),
    tone: isCancelled ? 'info' : isPutOff ? 'warning' : 'bad',
    text: `${operation.workspace}: the ${writeKind(operation.kind)} ${operation.id} ${what} after ${lasted(operation)}: ${asSentence(error?.message ?? 'no reason was recorded')} ${services}`,
    ...(details.length === 0 ? {} : { details }),
  };
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
