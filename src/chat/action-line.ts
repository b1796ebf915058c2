import type { Action } from './chat.ts';
import { kebabCase } from './command-field.ts';

/** `Postpone 30 min: cml postpone op_… 30m`: an action where people type. */
export function writeAction({ label, word, given, ask }: Action, program = 'cml'): string {
  const words = Object.entries(given).map(([key, value]) => (value === true ? `--${kebabCase(key)}` : String(value)));
  return `${label}: ${[program, word, ...words, ...(ask ? [`--${ask} "..."`] : [])].join(' ')}`;
}
