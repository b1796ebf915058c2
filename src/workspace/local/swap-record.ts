import { z } from 'zod';
import { readState, removeState, stateNames, writeState } from '../state-file.ts';
import type { StagedPart } from '../swaps.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { look } from './file-facts.ts';

const child = z.object({ name: z.string(), inode: z.string() });
export type Child = z.infer<typeof child>;

const places = { part: z.string(), root: z.string(), stage: z.string(), displaced: z.string() };

const wholeSwap = z.object({
  way: z.literal('whole'),
  ...places,
  /** Null when the part was not there before. */
  previousInode: z.string().nullable(),
  /** Null when an undo takes away what was not there before. */
  stagedInode: z.string().nullable(),
});
export type WholeSwap = z.infer<typeof wholeSwap>;

const childrenSwap = z.object({
  way: z.literal('children'),
  ...places,
  previous: z.array(child),
  staged: z.array(child),
  previousLook: look,
  stagedLook: look,
  /** Set after the last move: services that run on the new data may rename its children as they like. */
  committed: z.boolean(),
  /** See below; absent in records of an earlier release: `stage` then. */
  discard: z.string().optional(),
});
export type ChildrenSwap = z.infer<typeof childrenSwap>;

/** One path of a part; `root` is that path, the links of its folder followed. */
const pathSwap = z.object({
  way: z.literal('path'),
  ...places,
  within: z.string(),
  previousInode: z.string().nullable(),
  stagedInode: z.string().nullable(),
  /** Of the folder that holds it. */
  folderLook: look,
  /** `committed` is set after the last move: services may write and remove there what they like from then on. */
  phase: z.enum(['begun', 'committed', 'reverting']),
  /** A folder of this very operation for what services made since, removed by `release`; never that of an undone one. */
  discard: z.string(),
});
export type PathSwap = z.infer<typeof pathSwap>;

export const partSwap = z.discriminatedUnion('way', [wholeSwap, childrenSwap, pathSwap]);
export type PartSwap = z.infer<typeof partSwap>;

/**
 * Written before the first rename. With what stands on disk it says at any instant, for every part, whether it is the
 * previous one, in between, or the committed one. Gone when everything is back or what was displaced is kept.
 */
export const swapRecord = z.object({
  operationId: z.string(),
  /** All services were up on the committed data: from then on nobody puts back unasked. */
  served: z.boolean(),
  /** The operation whose displaced data is brought in: its displaced places are the staged ones. */
  undoes: z.string().optional(),
  parts: z.array(partSwap),
});
export type SwapRecord = z.infer<typeof swapRecord>;

/** What it displaced, as a place that another operation may bring in. */
export function stagedPartOf(part: PartSwap): StagedPart {
  return { part: part.part, ...(part.way === 'path' ? { within: part.within } : {}), path: part.displaced };
}

export function readSwap(context: LocalContext, operationId: string): Promise<SwapRecord | undefined> {
  return readState(stateFiles.swap(context.folder, operationId), swapRecord);
}

export function writeSwap(context: LocalContext, record: SwapRecord): Promise<void> {
  return writeState(stateFiles.swap(context.folder, record.operationId), record);
}

export function removeSwap(context: LocalContext, operationId: string): Promise<void> {
  return removeState(stateFiles.swap(context.folder, operationId));
}

export async function listSwaps(context: LocalContext): Promise<SwapRecord[]> {
  const records: SwapRecord[] = [];
  for (const name of await stateNames(context.folder)) {
    const operationId = /^swap-(op_\w+)\.json$/.exec(name)?.[1];
    const record = operationId === undefined ? undefined : await readSwap(context, operationId);
    if (record) records.push(record);
  }
  return records;
}
