import type { Command } from '../command.ts';
import { fieldsOf } from '../command-field.ts';
import { positionalOf } from '../command-line.ts';
import type { ViewMemory } from './form-view.ts';

function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w./:@+,-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

const listed = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** A word with its input as a line that `cleanLine` and the grammar read back as just that. */
export function writeLine(command: Command, given: ViewMemory['given']): string {
  const fields = fieldsOf(command);
  const options = fields
    .filter(({ positional }) => !positional)
    .flatMap(({ key, option, kind }) => {
      const value = given[key];
      if (kind === 'flag') return value === true ? [`--${option}`] : [];
      if (kind === 'negated-flag') return value === false ? [`--no-${option}`] : [];
      return listed(value).map((one) => `--${option}=${quoted(one)}`);
    });
  const places = positionalOf(command, fields).flatMap(({ key }) => listed(given[key]).map(quoted));
  // What looks like an option and is none stands behind two dashes.
  const isOdd = places.some((place) => /^"?-/.test(place));
  const words = isOdd ? [...options, '--', ...places] : [...places, ...options];
  return ['/cml', command.word, ...words].join(' ');
}
