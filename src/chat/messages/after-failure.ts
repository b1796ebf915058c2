import type { Operation } from '../../records/operation.ts';
import { writeKind } from './words.ts';

/** For who has to act on a failure: what it began with, what is there still, and what to do next. */
export function afterFailure(operation: Operation): string[] {
  const { hint } = operation.error ?? {};
  return [...firstCause(operation), ...kept(operation), ...(hint === undefined ? [] : [hint]), ...next(operation)];
}

/** What failed first, where the end tells of something that came of it. */
function firstCause({ journal, error }: Operation): string[] {
  const first = journal.find(
    (event) => (event.type === 'step-failed' || event.type === 'ensure-failed') && event.error.code !== 'interrupted',
  );
  if (!first || !('error' in first) || !('step' in first) || !first.error) return [];
  if (first.error.message === error?.message) return [];
  return [`It began with "${first.step}": ${first.error.message}`];
}

function kept(operation: Operation): string[] {
  const sentence = keptSentence(operation);
  return sentence === undefined ? [] : [sentence];
}

function keptSentence(operation: Operation): string | undefined {
  switch (operation.kind) {
    case 'backup':
      return keptOfBackup(operation);
    case 'restore':
    case 'undo':
      return keptOfSwap(operation);
    case 'restore-in-place':
      return keptInPlace(operation);
    case 'restore-by-vendor':
      return keptByVendor(operation);
    case 'delete':
      return has(operation, 'mark deleting') ? undefined : 'The backup was not touched.';
    case 'verify':
      return 'The backup stays in the catalog as it was, and does not count as verified by this.';
  }
}

function keptOfBackup(operation: Operation): string {
  // Its record and its operation share the part of their ids that says when.
  const id = operation.id.replace('op_', 'bkp_');
  if (has(operation, 'record')) return `What could be read is kept as ${id}, which counts as incomplete.`;
  return 'Nothing of it counts as a backup; those made before are as they were.';
}

function keptOfSwap(operation: Operation): string {
  if (!hasBegun(operation, 'commit')) return UNTOUCHED;
  if (has(operation, 'put back')) return 'What stood there before was put back.';
  return 'What stood there before is kept whole.';
}

function keptInPlace(operation: Operation): string {
  if (!hasBegun(operation, 'begin in place')) return UNTOUCHED;
  if (has(operation, 'put back in place')) return 'What stood there before was put back from its safety copy.';
  return 'The safety copy of what stood there before is kept in the repository.';
}

function keptByVendor(operation: Operation): string {
  if (!hasBegun(operation, 'begin restore')) return UNTOUCHED;
  if (has(operation, 'put back folders')) return 'What stood in the external folders before was put back.';
  return 'What stood there before is a backup of its own.';
}

const UNTOUCHED = 'The live data was not touched.';

function has({ journal }: Operation, step: string): boolean {
  return journal.some((event) => (event.type === 'step-done' || event.type === 'ensured') && event.step === step);
}

function hasBegun({ journal }: Operation, step: string): boolean {
  return journal.some((event) => event.type === 'step-began' && event.step === step);
}

/** Nothing where the error already names a line to type. */
function next({ id, kind, workspace, error }: Operation): string[] {
  if (error?.hint?.includes('cml ')) return [];
  const again = kind === 'backup' ? `, then make one again: cml backup ${workspace}` : '';
  return [`See how far the ${writeKind(kind)} came: cml status ${id}${again}`];
}
