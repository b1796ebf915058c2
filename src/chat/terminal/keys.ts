import { emitKeypressEvents, type Key } from 'node:readline';

export interface Keyboard {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
}

export type KeyName = 'c' | 'p' | 'y' | 'interrupt' | 'other';

function nameOf(key: Key): KeyName {
  if (key.ctrl === true) return key.name === 'c' || key.name === 'd' ? 'interrupt' : 'other';
  return key.name === 'c' || key.name === 'p' || key.name === 'y' ? key.name : 'other';
}

/**
 * Listens to single keys of a terminal; does nothing where there is none. Ctrl-C arrives as a key meanwhile, not as a
 * signal. Answers how to stop listening, which gives the terminal back as it was.
 */
export function listenToKeys(input: NodeJS.ReadStream, onKey: (key: KeyName) => void): () => void {
  if (!input.isTTY) return () => undefined;
  const listener = (_text: string | undefined, key: Key) => onKey(nameOf(key));
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', listener);
  input.resume();
  return () => {
    input.off('keypress', listener);
    input.setRawMode(false);
    input.pause();
  };
}
