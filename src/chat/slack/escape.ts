import { MOMENT } from '../messages/words.ts';

/**
 * What people or machines wrote, as text that Slack shows as it is: it mentions nobody and links nowhere.
 * Source: docs.slack.dev/messaging/formatting-message-text; only these three characters begin anything there.
 */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** At most so many characters, the last of them an ellipsis where something was cut off. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = text.slice(0, most - 1);
  // Half of a letter outside of the basic plane is no letter.
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`;
}

/** Our sentences name words as the terminal says them, where one can stay with what was begun. */
export function inSlackWords(text: string): string {
  return text.replace(/(^|[\s(`"“:])cml (?=[a-z])/g, '$1/cml ').replace(/(\/cml status \S+) --follow\b/g, '$1');
}

/** How a moment looks to each reader, by their own clock. */
export const MOMENT_FORMAT = '{date_short_pretty}, {time}';

/** Seconds since 1970, which Slack counts in. */
export function secondsOf(day: string, time: string): number {
  return Date.parse(`${day}T${time}:00Z`) / 1_000;
}

/** Our sentence as the top-level `text` of a message: escaped, its moments by each reader's own clock. */
export function asMessageText(text: string, most = 4_000): string {
  const escaped = escapeText(inSlackWords(text));
  const local = escaped.replace(MOMENT, (written, day: string, time: string) => {
    return `<!date^${secondsOf(day, time)}^${MOMENT_FORMAT}|${written}>`;
  });
  if (local.length <= most) return local;
  // Cut before it is marked up: half of a mark would show, or mention.
  return cut(escaped, most).replace(/&[a-z]*…$/, '…');
}
