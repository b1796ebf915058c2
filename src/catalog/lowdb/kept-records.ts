import { frozen } from './frozen.ts';
import type { RecordFolder } from './record-folder.ts';

/** Of files, together: some pages of a list, which many look at again and again. In memory they take a few times that. */
const MOST_BYTES = 1024 * 1024;

interface Kept<T> {
  readonly stamp: string;
  readonly bytes: number;
  readonly record: T;
}

/**
 * Reads records, and keeps those that were read last: while a file is the same, what was read of it is answered again, the
 * very same object. Records answered are frozen.
 */
export function keepRecords<T extends { id: string }>(
  folder: Pick<RecordFolder<T>, 'read' | 'stampOf'>,
): RecordFolder<T>['read'] {
  const kept = new Map<string, Kept<T>>();
  let bytes = 0;

  function forget(id: string): void {
    bytes -= kept.get(id)?.bytes ?? 0;
    kept.delete(id);
  }

  function keep(id: string, record: T, stamp: string): void {
    const size = bytesOf(stamp);
    if (size > MOST_BYTES / 10) return;
    forget(id);
    kept.set(id, { stamp, bytes: size, record });
    bytes += size;
    for (const oldest of kept.keys()) {
      if (bytes <= MOST_BYTES) break;
      forget(oldest);
    }
  }

  return async (id) => {
    const stamp = IS_NAME.test(id) ? folder.stampOf(id) : undefined;
    const known = kept.get(id);
    if (known && known.stamp === stamp) {
      kept.delete(id); // so that the order is that of use
      kept.set(id, known);
      return known.record;
    }
    forget(id);
    const record = frozen(await folder.read(id));
    // One that was replaced while it was read is read again the next time.
    if (record !== undefined && stamp !== undefined && folder.stampOf(id) === stamp) keep(id, record, stamp);
    return record;
  };
}

/** What is none is no file's name either. */
const IS_NAME = /^\w+$/;

/** A stamp says the file's number, then its size. */
function bytesOf(stamp: string): number {
  return Number(stamp.split(' ')[1]);
}
