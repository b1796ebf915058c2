import { isObject } from '../args.ts';
import type { Json, JsonObject } from '../kinds.ts';
import { dateText, mention, type Reader, safe } from './mrkdwn.ts';

export function richTextHtml({ elements }: JsonObject, reader: Reader): string {
  return list(elements)
    .map((one) => part(one, reader))
    .join('');
}

function part(one: JsonObject, reader: Reader): string {
  const inside = () =>
    list(one.elements)
      .map((each) => inline(each, reader))
      .join('');
  switch (one.type) {
    case 'rich_text_list': {
      const tag = one.style === 'ordered' ? 'ol' : 'ul';
      return `<${tag}>${list(one.elements)
        .map((each) => `<li>${part(each, reader)}</li>`)
        .join('')}</${tag}>`;
    }
    case 'rich_text_quote':
      return `<blockquote>${inside()}</blockquote>`;
    case 'rich_text_preformatted':
      return `<pre>${inside()}</pre>`;
    default:
      return `<div>${inside()}</div>`;
  }
}

function inline(one: JsonObject, reader: Reader): string {
  const name = (id: Json | undefined) => reader.names[String(id)] ?? String(id);
  switch (one.type) {
    case 'user':
      return mention(`@${name(one.user_id)}`);
    case 'usergroup':
      return mention(`@${name(one.usergroup_id)}`);
    case 'channel':
      return mention(`#${name(one.channel_id)}`);
    case 'broadcast':
      return mention(`@${one.range}`);
    case 'date':
      return safe(dateText(Number(one.timestamp), String(one.format), reader.timeZone));
    case 'link':
      return `<a>${safe(String(one.text ?? one.url))}</a>`;
    case 'emoji':
      return `:${safe(String(one.name))}:`;
    default:
      return styled(safe(String(one.text ?? '')).replaceAll('\n', '<br>'), one.style);
  }
}

function styled(html: string, style: Json | undefined): string {
  const tags = isObject(style) ? Object.keys(style).filter((key) => style[key] === true) : [];
  const names: Readonly<Record<string, string>> = { bold: 'b', italic: 'i', strike: 's', code: 'code', underline: 'u' };
  return tags.reduce((inside, tag) => (names[tag] ? `<${names[tag]}>${inside}</${names[tag]}>` : inside), html);
}

function list(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
