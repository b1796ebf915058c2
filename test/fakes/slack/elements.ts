import { isObject } from './args.ts';
import type { Json, JsonObject } from './kinds.ts';

/** An element that a person can use, and the block it is in. */
export interface Found {
  readonly blockId: string;
  readonly element: JsonObject;
  /** Of an input: what is asked for. */
  readonly label: string | undefined;
  readonly isOptional: boolean;
}

/** Every element of the blocks, also those in containers and cards. */
export function elementsOf(blocks: readonly JsonObject[]): Found[] {
  return blocks.flatMap((block) => {
    const inner = [block.child_blocks, block.type === 'carousel' ? block.elements : undefined].flatMap(objects);
    if (inner.length > 0) return elementsOf(inner);
    const elements = [block.elements, block.actions, block.accessory, block.element].flatMap(objects);
    return elements
      .filter((element) => typeof element.action_id === 'string')
      .map((element) => ({
        blockId: String(block.block_id),
        element,
        label: textOf(block.label),
        isOptional: block.optional === true || block.type !== 'input',
      }));
  });
}

/** By its `action_id`, else by what stands on it. */
export function findElement(blocks: readonly JsonObject[], wanted: string): Found {
  const all = elementsOf(blocks);
  const found =
    all.find(({ element }) => element.action_id === wanted) ??
    all.find(({ element }) => textOf(element.text) === wanted);
  if (found) return found;
  const there = all.map(({ element }) => `${element.action_id} (${textOf(element.text) ?? element.type})`).join(', ');
  throw new Error(`there is no "${wanted}" to click on, only: ${there || 'nothing'}`);
}

export function textOf(value: Json | undefined): string | undefined {
  return isObject(value) && typeof value.text === 'string' ? value.text : undefined;
}

function objects(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.filter(isObject);
  return isObject(value) ? [value] : [];
}
