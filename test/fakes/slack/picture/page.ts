import { isObject } from '../args.ts';
import { textOf } from '../elements.ts';
import type { JsonObject } from '../kinds.ts';
import { blocksHtml } from './block-html.ts';
import { dateText, mrkdwnHtml, plainHtml, type Reader, safe } from './mrkdwn.ts';
import type { Scene, SceneItem } from './scene.ts';
import { STYLE } from './style.ts';

/** A whole page; nothing is fetched. Its height stands in the title once it is laid out. */
export function scenePage({ title, reader, items }: Scene): string {
  const bar = title ? `<div class="bar">${safe(title)}</div>` : '';
  const inside = items.map((item) => itemHtml(item, reader)).join('\n');
  const tellHeight =
    'document.title = String(Math.ceil(document.getElementById("all").getBoundingClientRect().height))';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><style>${STYLE}</style></head>
<body><div id="all">${bar}${inside}</div><script>${tellHeight}</script></body></html>`;
}

function itemHtml(item: SceneItem, reader: Reader): string {
  if (item.kind === 'modal') return modalHtml(item.view, reader);
  if (item.kind === 'home') return `<div class="home">${blocksHtml(blocksOf(item.view), reader)}</div>`;
  return messageHtml(item, reader);
}

function messageHtml(message: Extract<SceneItem, { kind: 'message' }>, reader: Reader): string {
  const { who, at, text, blocks } = message;
  const face = who
    ? `<div class="face person">${safe(who.slice(0, 1).toUpperCase())}</div>`
    : '<div class="face">c</div>';
  const name = `<span class="who">${safe(who ?? 'cml')}</span>${who ? '' : '<span class="app">APP</span>'}`;
  const time = `<span class="at">${dateText(at / 1000, '{time}', reader.timeZone)}</span>`;
  const alone = message.isOnlyForReader ? '<div class="alone-note">Only visible to you</div>' : '';
  const body = blocks ? blocksHtml(blocks, reader) : `<div>${mrkdwnHtml(text, reader)}</div>`;
  const kinds = ['message', message.isReply ? 'reply' : '', message.isOnlyForReader ? 'alone' : ''].join(' ');
  return `<div class="${kinds}">${face}<div class="inside">${alone}<div>${name}${time}</div>${body}</div></div>`;
}

function modalHtml(view: JsonObject, reader: Reader): string {
  const button = (name: 'submit' | 'close', kind: string, otherwise?: string) => {
    const text = isObject(view[name]) ? textOf(view[name]) : otherwise;
    return text === undefined ? '' : `<span class="button ${kind}">${plainHtml(text)}</span>`;
  };
  const head = `<div class="head"><span>${plainHtml(textOf(view.title) ?? '')}</span><span>✕</span></div>`;
  const foot = `<div class="foot">${button('close', '', 'Cancel')}${button('submit', 'primary')}</div>`;
  return `<div class="modal">${head}<div class="middle">${blocksHtml(blocksOf(view), reader)}</div>${foot}</div>`;
}

function blocksOf(view: JsonObject): readonly JsonObject[] {
  return Array.isArray(view.blocks) ? view.blocks.filter(isObject) : [];
}
