import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** A stream that looks like a terminal or like a pipe, and remembers all that was written to it. */
export function createScreen(isTTY: boolean) {
  const written: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120, rows: 50 });
  stream.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    raw: () => written.join(''),
    text: () => stripVTControlCharacters(written.join('')).replaceAll('\r', ''),
  };
}

/** A keyboard; `press` sends what the keys of a terminal send. */
export function createKeyboard(isTTY: boolean) {
  const modes: boolean[] = [];
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode(raw: boolean) {
      modes.push(raw);
      return stream;
    },
  });
  return {
    stream: stream as unknown as NodeJS.ReadStream,
    press: (keys: string) => stream.write(keys),
    modes,
  };
}
