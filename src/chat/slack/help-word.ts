import { z } from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { helpForAll, helpForWord } from '../command-help.ts';
import { noGlobals } from '../command-line.ts';

/** Narrow enough for a window beside others. */
const LOOK = { program: '/cml', globals: noGlobals, columns: 72 };

/** `/cml help`: explained by the door itself, for the words that may be said here. */
export const helpWord = defineCommand({
  word: 'help',
  summary: 'Explain all words, or one',
  group: 'Look',
  input: z.object({ word: z.string().optional() }),
  positional: ['word'],
  labels: { word: 'Only this word' },
  async run(words: readonly Command[], { word }) {
    const text = word === undefined ? helpForAll(words, LOOK) : helpForWord(words, word, LOOK);
    return { text: text.trimEnd(), tone: 'info' as const, json: { help: text } };
  },
});
