import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { retentionCounts } from './records/retention.ts';

export type ConfigPath = readonly PropertyKey[];

export interface ReadYaml {
  /** Plain data; keys without a value are left out. Undefined when the text cannot be understood. */
  readonly value: unknown;
  /** The line on which a value's key stands; of the nearest thing around it when it is missing. */
  lineOf(path: ConfigPath): number;
  readonly problems: readonly { readonly line: number; readonly text: string }[];
}

/** The few settings that are numbers. Everywhere else text is meant: a bare 10 is no length of time, 1.10 is a release. */
const NUMBERS = new Set(['uid', 'votes', 'readConcurrency', 'port', ...retentionCounts]);

export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  keepNumbersAsWritten(document);
  const isUnderstood = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  const read = isUnderstood ? plainDataOf(document) : {};

  const problems = document.errors.map(({ code, message, pos: [start] }) => ({
    line: lines.linePos(start).line,
    text: code === 'DUPLICATE_KEY' ? `${keyAt(text, start)} stands here for the second time` : `not YAML: ${message}`,
  }));

  return {
    value: read.value,
    problems: read.problem === undefined ? problems : [...problems, { line: 1, text: `not YAML: ${read.problem}` }],
    lineOf: (path) => lines.linePos(offsetOf(document, path)).line,
  };
}

type Document = ReturnType<typeof parseDocument>;

/** Aliases that hold themselves, or each other by the thousand, are found only here. */
function plainDataOf(document: Document): { value?: unknown; problem?: string } {
  try {
    return { value: withoutEmpty(document.toJS()) };
  } catch (error) {
    if (error instanceof ReferenceError) return { problem: error.message };
    if (error instanceof RangeError) return { problem: 'an alias holds itself' };
    throw error;
  }
}

function keepNumbersAsWritten(document: Document): void {
  visit(document, {
    Scalar(key, node, path) {
      if (key === 'key' || typeof node.value !== 'number' || node.source === undefined) return;
      const around = path.at(-1);
      if (isPair(around) && isScalar(around.key) && NUMBERS.has(String(around.key.value))) return;
      node.value = node.source;
    },
  });
}

function offsetOf(document: Document, path: ConfigPath): number {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document);
    const next = stepInto(node, segment);
    if (!next) break;
    offset = next.named.range?.[0] ?? offset;
    node = next.node;
  }
  return offset;
}

function stepInto(node: unknown, segment: PropertyKey): { named: Node; node: Node | undefined } | undefined {
  if (isMap<Node, Node>(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
    return pair && { named: pair.key, node: pair.value ?? undefined };
  }
  const item = isSeq<Node>(node) ? node.items[Number(segment)] : undefined;
  return item && { named: item, node: item };
}

function keyAt(text: string, start: number): string {
  return `"${/^["']?([^"':\s]*)/.exec(text.slice(start, start + 100))?.[1] ?? ''}"`;
}

/** `people:` with nothing behind it means the same as no such line. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutEmpty(inner)]));
}
