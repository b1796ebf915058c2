import { UserError } from '../../errors.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** What Slack, a phone or a desktop made of what was typed, turned back; apostrophes are left alone. */
function asTyped(text: string): string {
  return text
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/[\u201c\u201d\u201e\u201f\u00ab\u00bb]/g, '"')
    .replace(/(^|\s)[\u2013\u2014\u2015\u2212](?=[a-z])/gi, '$1--')
    .replace(/[\u200b\u2060\ufeff]/g, '');
}

/**
 * Links, channels and people as Slack writes them in a line: the words that were typed. Inside of a mark Slack escapes `<`; to
 * stop there keeps a long line of beginnings from being read to its end at each of them.
 */
function withoutMarks(text: string): string {
  return text
    .replace(/<(?:https?|mailto):[^<>|\s]*\|([^<>]*)>/g, '$1')
    .replace(/<((?:https?):[^<>|\s]*)>/g, '$1')
    .replace(/<[@#!]([A-Z0-9]+)(?:\|[^<>]*)?>/g, '$1');
}

interface Reading {
  readonly words: string[];
  word: string | undefined;
  quote: '"' | "'" | undefined;
}

/** A single quote opens a quotation only where a word or a value begins, and closes it only where one ends. */
function opensOrCloses(letter: string, { word, quote }: Reading, next: string | undefined): letter is '"' | "'" {
  if (letter === '"') return quote !== "'";
  if (letter !== "'" || quote === '"') return false;
  if (quote === "'") return next === undefined || /\s/.test(next);
  return word === undefined || word.endsWith('=');
}

function endWord(reading: Reading): void {
  if (reading.word !== undefined) reading.words.push(reading.word);
  reading.word = undefined;
}

/**
 * The words of a line that was typed after a slash command. Quotation marks, straight or typographic, keep words together;
 * inside of them a backslash lets a mark stand for itself.
 * @throws UserError `bad-input` when a quotation does not end.
 */
export function cleanLine(text: string): string[] {
  const line = asTyped(withoutMarks(text));
  const reading: Reading = { words: [], word: undefined, quote: undefined };
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    const next = line[at + 1];
    if (reading.quote !== undefined && letter === '\\' && (next === reading.quote || next === '\\')) {
      reading.word = `${reading.word ?? ''}${next}`;
      at += 1;
    } else if (opensOrCloses(letter, reading, next)) {
      reading.quote = reading.quote === undefined ? letter : undefined;
      reading.word ??= '';
    } else if (reading.quote === undefined && /\s/.test(letter)) endWord(reading);
    else reading.word = `${reading.word ?? ''}${letter}`;
  }
  if (reading.quote !== undefined) {
    throw new UserError('bad-input', `The quotation that begins with ${reading.quote} does not end.`, {
      hint: 'Put a second quotation mark behind the last word that belongs to it.',
    });
  }
  endWord(reading);
  return reading.words;
}
