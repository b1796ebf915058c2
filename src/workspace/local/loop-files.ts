import { readdirSync, readFileSync } from 'node:fs';

export interface LoopFile {
  readonly device: string;
  readonly file: string;
}

/**
 * Files that the kernel itself may write to at any time, since they stand for a disk; no process has them open.
 * Source: Linux, Documentation/ABI, `/sys/block/loop<n>/loop/backing_file` and `/sys/block/<disk>/ro`.
 */
export function writtenLoopFiles(): LoopFile[] {
  return namesIn('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((device) => {
      const file = textOf(`/sys/block/${device}/loop/backing_file`);
      return file === undefined || textOf(`/sys/block/${device}/ro`) === '1' ? [] : [{ device, file }];
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a container may not have it
  }
}

/** Undefined for a device that stands for no file. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\n$/, '');
  } catch {
    return undefined;
  }
}
