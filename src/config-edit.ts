import { isDeepStrictEqual } from 'node:util';
import { isCollection, isMap, isScalar, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';

/**
 * Sets one key in a YAML text that a person wrote, and leaves every other byte as it is: comments, order and their own way
 * of writing. `written` is the value as YAML: one line, or lines of a group that begin at the margin. The result is read
 * again: undefined when anything but that key would differ, or when the text is written in a way that this cannot edit.
 */
export function setInYaml(text: string, keys: readonly string[], written: string): string | undefined {
  const document = parseDocument(text);
  const changed = document.errors.length > 0 ? undefined : splice(text, document.contents, keys, written);
  if (changed === undefined) return undefined;
  const read = parseDocument(changed);
  for (let depth = 1; depth < keys.length; depth += 1) {
    // A group without anything in it is no group to the library yet.
    if (!isCollection(document.getIn(keys.slice(0, depth), true))) document.deleteIn(keys.slice(0, depth));
  }
  document.setIn(keys, parseDocument(written).contents);
  return read.errors.length === 0 && isDeepStrictEqual(read.toJS(), document.toJS()) ? changed : undefined;
}

function splice(text: string, contents: unknown, keys: readonly string[], written: string): string | undefined {
  const last = keys.at(-1);
  if (last === undefined) return undefined;
  const around = keys.slice(0, -1).reduce<unknown>((node, key) => pairIn(node, key)?.value, contents);
  if (!isMap<Node, Node>(around) || around.items.length === 0) {
    return splice(text, contents, keys.slice(0, -1), `{ ${quoted(last)}: ${written} }`);
  }
  const old = pairIn(around, last);
  if (old) return replaceValue(text, old, written);
  return around.flow ? addInline(text, around, last, written) : addLines(text, around, last, written);
}

function pairIn(node: unknown, key: string): Pair<Node, Node | null> | undefined {
  if (!isMap<Node, Node>(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}

/** One line takes the place of what stands on one line. */
function replaceValue(text: string, { key, value }: Pair<Node, Node | null>, written: string): string | undefined {
  if (value?.range && value.range[1] > value.range[0]) {
    return `${text.slice(0, value.range[0])}${written}${text.slice(value.range[1])}`;
  }
  const colon = text.indexOf(':', key.range?.[1] ?? text.length);
  return colon === -1 ? undefined : `${text.slice(0, colon + 1)} ${written}${text.slice(colon + 1)}`;
}

function addInline(text: string, around: YAMLMap<Node, Node>, key: string, written: string): string | undefined {
  const end = endOf(around.items.at(-1));
  return end === undefined ? undefined : `${text.slice(0, end)}, ${quoted(key)}: ${written}${text.slice(end)}`;
}

/** After the last of its siblings and the comments that belong to that one, at the same depth. */
function addLines(text: string, around: YAMLMap<Node, Node>, key: string, written: string): string | undefined {
  const end = endOf(around.items.at(-1));
  const start = around.items[0]?.key.range?.[0];
  if (end === undefined || start === undefined) return undefined;
  const depth = start - (text.lastIndexOf('\n', start - 1) + 1);
  const before = untilNextSibling(text, end, depth);
  const isGroup = written.includes('\n');
  const pair = isGroup ? `${quoted(key)}:\n${indented(written, 2)}` : `${quoted(key)}: ${written}`;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  return `${before}${gap}${indented(pair, depth)}\n${text.slice(before.length)}`;
}

function untilNextSibling(text: string, end: number, depth: number): string {
  const lineEnd = text[end - 1] === '\n' ? end : text.indexOf('\n', end) + 1;
  if (lineEnd === 0) return text;
  const deeper = new RegExp(`^(?:[ \\t]*\\n)*(?: {${depth + 1},}#.*(?:\\n|$))+`);
  let taken = lineEnd;
  for (let found = deeper.exec(text.slice(taken)); found; found = deeper.exec(text.slice(taken))) {
    taken += found[0].length;
  }
  return text.slice(0, taken);
}

/** Where the last thing that is written of a pair ends. */
function endOf(pair: Pair<Node, Node | null> | undefined): number | undefined {
  const { key, value } = pair ?? {};
  if (isCollection(value) && !value.flow && value.items.length > 0) {
    const last = value.items.at(-1);
    return isMap<Node, Node>(value) ? endOf(value.items.at(-1)) : endOf({ key, value: last } as Pair<Node, Node>);
  }
  return value?.range?.[1] ?? key?.range?.[1];
}

export function indented(text: string, by: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(by)}${line}`))
    .join('\n');
}

/** Bare where YAML cannot take it for anything else; else quoted as JSON, which YAML reads too. */
export function quoted(text: string): string {
  const isBare = /^[a-z_./][\w./-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isBare ? text : JSON.stringify(text);
}
