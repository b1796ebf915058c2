import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const CHUNK_BYTES = 256 * 1024;
/** More than any 2,000 lines we expect; a program that writes more has its oldest lines left out. */
const STDERR_BYTES = 4 * 1024 * 1024;

export interface LineFollower {
  /** Hands over every whole line written so far. */
  read(): Promise<void>;
  /** Hands over what stands after the last line break. */
  end(): Promise<void>;
  close(): Promise<void>;
}

/** Reads a growing file line by line. A file, never a pipe: when we die, the writer must not notice. */
export async function followLines(path: string, onLine: (line: string) => void): Promise<LineFollower> {
  const file = await open(path, 'r');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = '';

  async function read(): Promise<void> {
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      const lines = (rest + decoder.write(chunk.subarray(0, bytesRead))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  }

  return {
    read,
    async end() {
      await read();
      const last = rest + decoder.end();
      if (last !== '') onLine(last);
    },
    close: () => file.close(),
  };
}

/** The last lines of a file, oldest first. */
export function lastLines(path: string, count: number): string[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, STDERR_BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    closeSync(file);
  }
}
