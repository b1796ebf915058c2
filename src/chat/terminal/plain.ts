import { stripVTControlCharacters } from 'node:util';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** People's own words may not steer a terminal: escapes, control characters and turned writing are taken out. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '');
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plainText(text.replace(/\s*[\r\n\t]+\s*/g, ' ')).trim();
}
