import type { CompareOptions, Comparison, MoveOptions, RestoredPlace } from '../mover.ts';
import { compareContent } from './compare-content.ts';
import { createSample, type Sample } from './content-sample.ts';
import { listTree } from './list-tree.ts';
import type { ResticContext } from './restic.ts';
import { OWNER, type TreeEntry } from './tree-entry.ts';
import { createGleaning, createTally, differingBuckets, type TreeTally, tellDifferences } from './tree-tally.ts';
import { walkTree } from './walk-tree.ts';

/** More would fill a record and tell nobody more. */
const MOST_TOLD = 20;

interface Question {
  readonly copyId: string;
  readonly places: readonly RestoredPlace[];
}

/**
 * First the trees, by our own walk of the disk and the copy's listing; then, where they are the same, the content. Nothing
 * is kept in memory but sums; where these differ, both sides are looked at once more to name what does.
 */
export async function compare(
  context: ResticContext,
  copyId: string,
  places: readonly RestoredPlace[],
  { share, ...options }: CompareOptions,
): Promise<Comparison> {
  const question = { copyId, places };
  const sample = share && createSample(share);
  const trees = await lookAtBoth(context, question, options, () => withSample(createTally(), sample));
  const { entries } = trees.disk;
  const buckets = differingBuckets(trees.copy, trees.disk);
  if (buckets.size > 0) {
    const again = { ...options, key: `${options.key}-again` };
    const { copy, disk } = await lookAtBoth(context, question, again, () => createGleaning(buckets));
    const told = [...tellDifferences(copy, disk, (path) => pathInCopyOf(places, path))];
    return { entries, differences: told.length > 0 ? told.slice(0, MOST_TOLD) : ['it changed while it was looked at'] };
  }
  const differences: string[] = [];
  for (const [at, place] of places.entries()) {
    const only = sample?.of(at);
    if (only?.length === 0) continue; // nothing of it is in this share
    const asked = { ...options, key: `${options.key}-content-${at}` };
    const differing = await compareContent(context, { copyId, place, only }, asked);
    differences.push(...differing.map((below) => `${JSON.stringify(place.pathInCopy + below)}: the content differs`));
  }
  return { entries, differences: differences.slice(0, MOST_TOLD) };
}

/** It is told of both sides, which are the same once content is compared. */
function withSample(tally: TreeTally, sample: Sample | undefined): TreeTally {
  if (!sample) return tally;
  return {
    ...tally,
    add: (entry) => {
      tally.add(entry);
      sample.add(entry);
    },
  };
}

interface Side<Result> {
  add(entry: TreeEntry): void;
  end(): Result;
}

async function lookAtBoth<Result>(
  context: ResticContext,
  question: Question,
  options: MoveOptions,
  create: () => Side<Result>,
): Promise<{ copy: Result; disk: Result }> {
  const { result, isRoot } = await lookAtDisk(context, question, options, create());
  const copy = create();
  const add = (entry: TreeEntry) => copy.add(isRoot ? entry : { ...entry, facts: entry.facts.with(OWNER, '') });
  await listTree(context, question, { ...options, key: `${options.key}-list` }, add);
  return { copy: copy.end(), disk: result };
}

/** Only root can give files to others: without, everything belongs to whoever restored it. */
async function lookAtDisk<Result>(
  context: ResticContext,
  { places }: Question,
  options: MoveOptions,
  disk: Side<Result>,
): Promise<{ result: Result; isRoot: boolean }> {
  let isRoot = true;
  for (const [place, { path }] of places.entries()) {
    const add = (entry: TreeEntry) => disk.add(entry);
    const walked = await walkTree(context, { path, place }, { ...options, key: `${options.key}-walk-${place}` }, add);
    isRoot = walked.isRoot;
  }
  return { result: disk.end(), isRoot };
}

function pathInCopyOf(places: readonly RestoredPlace[], path: string): string {
  const end = path.indexOf('/');
  const below = path.slice(end + 1);
  const { pathInCopy = '' } = places[Number(path.slice(0, end))] ?? {};
  return below === '' ? pathInCopy : `${pathInCopy}/${below}`;
}
