import { TZDate } from '@date-fns/tz';
import { format } from 'date-fns';

/** Who looks at the picture, and what ids stand for. */
export interface Reader {
  readonly timeZone: string;
  /** Person, channel or user group id to the name shown. */
  readonly names: Readonly<Record<string, string>>;
}

const EMOJI: Readonly<Record<string, string>> = {
  white_check_mark: '✅',
  heavy_check_mark: '✔️',
  x: '❌',
  warning: '⚠️',
  rotating_light: '🚨',
  hourglass_flowing_sand: '⏳',
  information_source: 'ℹ️',
  lock: '🔒',
  bell: '🔔',
};

/** Slack's own markup to HTML. What stands in it as `&amp;`, `&lt;`, `&gt;` is text already. */
export function mrkdwnHtml(text: string, reader: Reader): string {
  return text
    .split(/(```[\s\S]*?```)/)
    .map((piece) => {
      if (piece.startsWith('```')) return `<pre>${safe(piece.slice(3, -3).replace(/^\n/, ''))}</pre>`;
      return quotes(piece, reader);
    })
    .join('');
}

/** Plain text as Slack shows it: markup stands as it is, the three entities are read. */
export function plainHtml(text: string): string {
  return emoji(safe(text)).replaceAll('\n', '<br>');
}

/** Safe to stand in HTML, entities left as they are. */
export function safe(text: string): string {
  return text
    .replace(/&(?!(?:amp|lt|gt);)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function quotes(text: string, reader: Reader): string {
  const lines = text.split('\n').map((line) => {
    const quoted = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    return quoted ? `<blockquote>${inline(quoted[1] ?? '', reader)}</blockquote>` : inline(line, reader);
  });
  return lines
    .join('<br>')
    .replaceAll('</blockquote><br>', '</blockquote>')
    .replaceAll('<br><blockquote>', '<blockquote>');
}

function inline(text: string, reader: Reader): string {
  return text
    .split(/(`[^`\n]+`|<[^<>]+>)/)
    .map((piece) => {
      if (/^`.+`$/.test(piece)) return `<code>${safe(piece.slice(1, -1))}</code>`;
      if (/^<.+>$/.test(piece)) return reference(piece.slice(1, -1), reader);
      return emoji(styles(safe(piece)));
    })
    .join('');
}

function styles(text: string): string {
  return text
    .replace(/(^|[\s(])\*(\S(?:[^*\n]*\S)?)\*(?=$|[\s).,:;!?])/g, '$1<b>$2</b>')
    .replace(/(^|[\s(])_(\S(?:[^_\n]*\S)?)_(?=$|[\s).,:;!?])/g, '$1<i>$2</i>')
    .replace(/(^|[\s(])~(\S(?:[^~\n]*\S)?)~(?=$|[\s).,:;!?])/g, '$1<s>$2</s>');
}

function emoji(text: string): string {
  return text.replace(/:([a-z_0-9+-]+):/g, (whole, name: string) => EMOJI[name] ?? whole);
}

function reference(inside: string, reader: Reader): string {
  const [target = '', label] = inside.split('|');
  const date = /^!date\^(\d+)\^([^^]*)/.exec(target);
  if (date) return safe(dateText(Number(date[1]), date[2] ?? '', reader.timeZone));
  if (target.startsWith('!subteam^')) return mention(`@${reader.names[target.slice(9)] ?? label ?? target.slice(9)}`);
  if (target.startsWith('!')) return mention(`@${target.slice(1)}`);
  if (target.startsWith('@')) return mention(`@${reader.names[target.slice(1)] ?? label ?? target.slice(1)}`);
  if (target.startsWith('#')) return mention(`#${reader.names[target.slice(1)] ?? label ?? target.slice(1)}`);
  return `<a>${safe(label ?? target)}</a>`;
}

export function mention(text: string): string {
  return `<span class="mention">${safe(text)}</span>`;
}

const TOKENS: Readonly<Record<string, string>> = {
  date_num: 'yyyy-MM-dd',
  date_slash: 'dd/MM/yyyy',
  date_long: 'EEEE, MMMM do, yyyy',
  date_long_full: 'MMMM d, yyyy',
  date_long_pretty: 'EEEE, MMMM do, yyyy',
  date: 'MMMM do',
  date_pretty: 'MMMM do',
  date_short: 'MMM d, yyyy',
  date_short_pretty: 'MMM d, yyyy',
  time: 'h:mm a',
  time_secs: 'h:mm:ss a',
};

/** `{date_short} at {time}` and the like, in the reader's time zone. Relative words are not drawn: pictures do not age. */
export function dateText(seconds: number, tokens: string, timeZone: string): string {
  const at = new TZDate(seconds * 1000, timeZone);
  return tokens.replace(/\{(\w+)\}/g, (whole, token: string) => {
    const wanted = TOKENS[token];
    return wanted ? format(at, wanted) : whole;
  });
}
