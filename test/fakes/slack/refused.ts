import type { JsonObject } from './kinds.ts';

/** What a Web API method answers with `ok: false`. */
export class SlackRefused extends Error {
  readonly word: string;
  readonly more: JsonObject;

  constructor(word: string, more: JsonObject = {}) {
    super(word);
    this.name = 'SlackRefused';
    this.word = word;
    this.more = more;
  }
}
