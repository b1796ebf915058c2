import { isObject } from '../args.ts';
import { textOf } from '../elements.ts';
import type { Json, JsonObject } from '../kinds.ts';
import { elementHtml, inputHtml } from './element-html.ts';
import { mrkdwnHtml, plainHtml, type Reader, safe } from './mrkdwn.ts';
import { richTextHtml } from './rich-text-html.ts';

/** Blocks as HTML, near to how Slack's desktop window draws them. */
export function blocksHtml(blocks: readonly JsonObject[], reader: Reader): string {
  return blocks.map((block) => `<div class="block ${block.type}">${blockHtml(block, reader)}</div>`).join('\n');
}

function blockHtml(block: JsonObject, reader: Reader): string {
  switch (block.type) {
    case 'section':
      return section(block, reader);
    case 'header':
      return plainHtml(textOf(block.text) ?? '');
    case 'divider':
      return '<hr>';
    case 'actions':
      return objects(block.elements)
        .map((one) => elementHtml(one))
        .join('');
    case 'context':
      return objects(block.elements)
        .map((one) => `<span>${textHtml(one, reader)}</span>`)
        .join(' ');
    case 'input':
      return inputHtml(block);
    case 'image':
      return `<div class="picture">${safe(String(block.alt_text))}</div>`;
    case 'alert':
      return `<div class="level ${block.level ?? 'default'}">${textHtml(block.text, reader)}</div>`;
    case 'markdown':
      return markdownHtml(String(block.text));
    case 'rich_text':
      return richTextHtml(block, reader);
    case 'table':
      return table(block, reader);
    case 'plan':
      return `<div class="title">${safe(String(block.title))}</div>${objects(block.tasks)
        .map((one) => task(one, reader))
        .join('')}`;
    case 'task_card':
      return task(block, reader);
    case 'container':
      return `<div class="title">${plainHtml(textOf(block.title) ?? '')}</div>${blocksHtml(objects(block.child_blocks), reader)}`;
    case 'card':
      return [block.title, block.subtitle, block.body].map((one) => `<div>${textHtml(one, reader)}</div>`).join('');
    default:
      return `<div class="picture">${block.type}</div>`;
  }
}

function section(block: JsonObject, reader: Reader): string {
  const fields = objects(block.fields).map((one) => `<div class="field">${textHtml(one, reader)}</div>`);
  const text = `<div class="text">${textHtml(block.text, reader)}${fields.length ? `<div class="fields">${fields.join('')}</div>` : ''}</div>`;
  return isObject(block.accessory) ? `${text}<div class="accessory">${elementHtml(block.accessory)}</div>` : text;
}

export function textHtml(value: Json | undefined, reader: Reader): string {
  if (!isObject(value)) return '';
  if (value.type === 'image') return `<span class="picture">${safe(String(value.alt_text))}</span>`;
  const text = textOf(value) ?? '';
  return value.type === 'mrkdwn' ? mrkdwnHtml(text, reader) : plainHtml(text);
}

const MARKS: Readonly<Record<string, string>> = { pending: '○', in_progress: '◔', complete: '✓', error: '✕' };

function task({ status, title, details, output }: JsonObject, reader: Reader): string {
  const more = [details, output]
    .filter(isObject)
    .map((one) => `<div class="details">${richTextHtml(one, reader)}</div>`);
  const mark = `<span class="mark">${MARKS[String(status)]}</span>`;
  return `<div class="task ${status}">${mark}<div><div>${safe(String(title))}</div>${more.join('')}</div></div>`;
}

function table({ rows, column_settings: settings }: JsonObject, reader: Reader): string {
  const align = (column: number) => objects(settings)[column]?.align ?? 'left';
  const lines = (rows as readonly (readonly JsonObject[])[]).map((row, n) => {
    const cells = row.map((cell, column) => {
      const inside = cell.type === 'rich_text' ? richTextHtml(cell, reader) : safe(textOf(cell) ?? '');
      return `<td style="text-align:${align(column)}">${inside}</td>`;
    });
    return `<tr${n === 0 ? ' class="first"' : ''}>${cells.join('')}</tr>`;
  });
  return `<table>${lines.join('')}</table>`;
}

/** As much of Markdown as messages of ours could hold. */
function markdownHtml(text: string): string {
  return safe(text)
    .replace(/^#+ (.*)$/gm, '<b>$1</b>')
    .replace(/\*\*(.+?)\*\*/g, '<b>$1</b>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/^- /gm, '• ')
    .replaceAll('\n', '<br>');
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
