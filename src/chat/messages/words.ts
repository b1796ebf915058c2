import prettyBytes from 'pretty-bytes';
import type { OperationKind } from '../../records/operation.ts';

const KINDS = {
  backup: 'backup',
  restore: 'restore',
  'restore-in-place': 'restore',
  undo: 'undo',
  delete: 'deletion',
  verify: 'verification',
} as const;

/** `deletion`: an operation of this kind, as a noun. */
export function writeKind(kind: OperationKind): string {
  return KINDS[kind];
}

/** `2.03 GB`, `17 kB`: how we write every size, from bytes. */
export function writeSize(bytes: number): string {
  return prettyBytes(bytes);
}

/** `1 file`, `2,041 files`. */
export function writeCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** `2026-11-22 22:01 UTC`: a moment as everybody reads it the same. */
export function writeMoment(moment: string | Date): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
