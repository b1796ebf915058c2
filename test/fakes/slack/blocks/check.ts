import type { z } from 'zod';
import type { Json, JsonObject } from '../kinds.ts';
import { type Block, block } from './blocks.ts';

export type Surface = 'message' | 'modal' | 'home';

const MAX_BLOCKS: Record<Surface, number> = { message: 50, modal: 100, home: 100 };
const MAX_TABLE_TEXT = 10_000;
const MAX_MARKDOWN_TEXT = 12_000;

/** What each surface does not show; the rest goes everywhere. */
const ELSEWHERE: Record<Surface, readonly string[]> = {
  message: ['alert'],
  modal: ['markdown', 'table', 'data_table', 'plan', 'task_card', 'card', 'carousel', 'container', 'context_actions'],
  home: ['markdown', 'table', 'data_table', 'plan', 'task_card', 'container', 'context_actions', 'alert'],
};

/** Slack's sentences about what is wrong; none: Slack shows it. */
export function checkBlocks(blocks: readonly Json[], surface: Surface, root = '/blocks'): string[] {
  if (blocks.length > MAX_BLOCKS[surface]) {
    return [problem(`no more than ${MAX_BLOCKS[surface]} items allowed`, root)];
  }
  const parsed = blocks.map((one) => block.safeParse(one));
  const wrong = parsed.flatMap((one, n) =>
    one.success ? [] : one.error.issues.map((issue) => say(issue, `${root}/${n}`)),
  );
  const good = parsed.flatMap((one) => (one.success ? [one.data] : []));
  const misplaced = parsed.flatMap((one, n) =>
    one.success && ELSEWHERE[surface].includes(one.data.type)
      ? [problem(`unsupported type: ${one.data.type}`, `${root}/${n}/type`)]
      : [],
  );
  return [...wrong, ...misplaced, ...checkIds(good, root), ...checkTogether(good, root)];
}

export function problem(sentence: string, pointer: string): string {
  return `[ERROR] ${sentence} [json-pointer:${pointer}]`;
}

function checkIds(blocks: readonly Block[], root: string): string[] {
  const ids = blocks.flatMap((one) => one.block_id ?? []);
  const twice = ids.filter((one, n) => ids.indexOf(one) !== n);
  const actions = blocks.flatMap((one) => {
    if (one.type !== 'actions') return [];
    const own = one.elements.flatMap((element) => element.action_id ?? []);
    return own.filter((action, n) => own.indexOf(action) !== n);
  });
  return [
    ...twice.map((one) => problem(`block_id "${one}" already exists`, root)),
    ...actions.map((one) => problem(`action_id "${one}" already exists`, root)),
  ];
}

function checkTogether(blocks: readonly Block[], root: string): string[] {
  const plans = blocks.flatMap((one) => (one.type === 'plan' ? [one] : []));
  const cards = blocks.flatMap((one) => (one.type === 'task_card' ? [one] : []));
  const problems: string[] = [];
  if (plans.length > 0 && cards.length > 0) problems.push(problem('a plan and task cards of their own', root));
  for (const tasks of [cards, ...plans.map((one) => one.tasks ?? [])]) {
    const ids = tasks.map((task) => task.task_id);
    if (new Set(ids).size < ids.length) problems.push(problem('task_id must be unique', root));
  }
  const markdown = blocks.reduce((sum, one) => sum + (one.type === 'markdown' ? one.text.length : 0), 0);
  if (markdown > MAX_MARKDOWN_TEXT)
    problems.push(problem(`must be less than ${MAX_MARKDOWN_TEXT + 1} characters`, root));
  const tables = blocks.reduce((sum, one) => sum + (one.type === 'table' ? textOf(one.rows).length : 0), 0);
  if (tables > MAX_TABLE_TEXT) problems.push(problem('tables hold more than 10000 characters', root));
  return problems;
}

/** What can be read of a rich value, without its structure. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (typeof value !== 'object' || value === null) return '';
  const { text, ...rest } = value as { text?: unknown };
  return (typeof text === 'string' ? text : '') + Object.values(rest).map(textOf).join('');
}

export function say(issue: z.core.$ZodIssue, root: string): string {
  const path = issue.path.map(String);
  const at = [root, ...path].join('/');
  switch (issue.code) {
    case 'too_big':
      if (issue.origin === 'string') return problem(`must be less than ${Number(issue.maximum) + 1} characters`, at);
      return problem(issue.origin === 'array' ? `no more than ${issue.maximum} items allowed` : issue.message, at);
    case 'too_small':
      if (issue.origin === 'string') return problem(`must be more than ${Number(issue.minimum) - 1} characters`, at);
      return problem(issue.origin === 'array' ? `no fewer than ${issue.minimum} items allowed` : issue.message, at);
    case 'unrecognized_keys':
      return problem(`invalid additional property: ${issue.keys.join(', ')}`, at);
    case 'invalid_union':
      return problem('unsupported type', at);
    case 'invalid_type':
      if (!issue.message.includes('undefined')) return problem(`must be a ${issue.expected}`, at);
      return problem(`missing required field: ${path.at(-1)}`, [root, ...path.slice(0, -1)].join('/'));
    default:
      return problem(issue.message, at);
  }
}

/** As Slack does it: a block without an id gets one, new each time. */
export function withBlockIds(blocks: readonly JsonObject[], newId: () => string): JsonObject[] {
  return blocks.map((one) => ({ ...one, block_id: one.block_id ?? newId() }));
}
