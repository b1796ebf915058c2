/**
 * What people or machines wrote, as text that Slack shows as it is: it mentions nobody, links nowhere and formats nothing.
 * Source: docs.slack.dev/messaging/formatting-message-text; only these three characters begin anything there.
 */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const ZERO_WIDTH_SPACE = '\u200b';

/** The same for `mrkdwn`, where stars, underscores, tildes and back quotes format too. */
export function escapeMarkdown(text: string): string {
  return escapeText(text).replace(/[*_~`]/g, (mark) => `${ZERO_WIDTH_SPACE}${mark}${ZERO_WIDTH_SPACE}`);
}

/** At most so many characters, the last of them an ellipsis where something was cut off. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Our hints name words as the terminal says them. */
export function inSlackWords(text: string): string {
  return text.replace(/(^|[\s(`"“:])cml (?=[a-z])/g, '$1/cml ');
}
