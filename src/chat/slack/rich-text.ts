import type { RichTextBlock, RichTextElement, RichTextSection } from '@slack/types';
import { MOMENT } from '../messages/words.ts';
import { cut, inSlackWords, MOMENT_FORMAT, secondsOf } from './escape.ts';

/** One piece of a line: our words, which Slack shows letter by letter, whatever is in them. */
export interface Piece {
  readonly text: string;
  readonly style?: { readonly bold?: true; readonly italic?: true; readonly code?: true };
}

/** Longer texts are cut: a block that is too large would lose the whole message. */
const MOST_IN_A_PIECE = 3_000;

/** Elements of a piece, its moments by each reader's own clock. */
function elementsOf({ text, style }: Piece): RichTextElement[] {
  const said = cut(inSlackWords(text), MOST_IN_A_PIECE);
  const styled = style === undefined ? {} : { style };
  const elements: RichTextElement[] = [];
  let from = 0;
  for (const match of said.matchAll(MOMENT)) {
    const [written, day = '', time = ''] = match;
    if (match.index > from) elements.push({ type: 'text', text: said.slice(from, match.index), ...styled });
    const timestamp = secondsOf(day, time);
    elements.push({ type: 'date', timestamp, format: MOMENT_FORMAT, fallback: written, ...styled });
    from = match.index + written.length;
  }
  if (from < said.length) elements.push({ type: 'text', text: said.slice(from), ...styled });
  return elements;
}

export function richSection(pieces: readonly Piece[]): RichTextSection {
  return { type: 'rich_text_section', elements: pieces.flatMap(elementsOf) };
}

/** Text that cannot mention, link or format by what is in it: Slack parses nothing in `rich_text`. */
export function richText(lines: readonly (readonly Piece[])[]): RichTextBlock {
  const pieces = lines.flatMap((line, index) => (index === 0 ? line : [{ text: '\n' }, ...line]));
  return { type: 'rich_text', elements: [richSection(pieces)] };
}

/** In letters of one width, line by line. */
export function preformatted(text: string): RichTextBlock {
  return {
    type: 'rich_text',
    elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: inSlackWords(text) }] }],
  };
}
