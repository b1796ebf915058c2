import { mkdirSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type Chance, createChance } from './chance.ts';
import { type Contents, createContents } from './contents.ts';

export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

/** A generated tree as it stands now. */
export interface Tree extends TreeSize {
  readonly root: string;
  readonly small: string[];
  readonly large: readonly { readonly path: string; readonly bytes: number }[];
  readonly contents: Contents;
  readonly chance: Chance;
}

const FILES_PER_PROJECT = 2_000;
/** Bytes: small files are spread evenly over the logarithm of their size. */
const [SMALLEST, LARGEST_SMALL] = [1_000, 32_000];
const MEAN_SMALL = (LARGEST_SMALL - SMALLEST) / Math.log(LARGEST_SMALL / SMALLEST);
const LARGE_BYTES = 64e6;
const BLOCK = 1e6;

/**
 * Projects as people leave them: 40 % of the files under `src`, 33 % in packages, 27 % in a virtual environment, three to
 * eight folders deep, 1 to 32 KB each (smaller where the bytes asked for do not suffice); what is left of the bytes goes
 * into large files. Of all, 12 % of the small and half of the large files cannot be compressed. The same for one seed.
 */
export async function growTree(root: string, size: TreeSize, seed: number): Promise<Tree> {
  const chance = createChance(seed);
  const contents = createContents(chance);
  const largeBytes = Math.max(0, size.bytes - size.files * MEAN_SMALL);
  const largeCount = largeBytes < 1e6 ? 0 : Math.ceil(largeBytes / LARGE_BYTES);
  const smallCount = size.files - largeCount;
  const scale = Math.min(1, size.bytes / (smallCount * MEAN_SMALL));
  const small: string[] = [];
  for (let number = 0; number < smallCount; number++) {
    const path = join(root, placeOf(number, chance));
    mkdirSync(dirname(path), { recursive: true });
    await writeFile(path, contents.small(sizeOf(chance, scale)));
    small.push(path);
  }
  const large: { path: string; bytes: number }[] = [];
  for (let number = 0; number < largeCount; number++) {
    const path = join(root, 'models', `weights-${number}.${number % 2 === 0 ? 'safetensors' : 'csv'}`);
    const bytes = Math.floor(largeBytes / largeCount);
    mkdirSync(dirname(path), { recursive: true });
    await writeLarge(path, bytes, contents, number % 2 === 0);
    large.push({ path, bytes });
  }
  return { ...size, root, small, large, contents, chance };
}

async function writeLarge(path: string, bytes: number, contents: Contents, isRandom: boolean): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let left = bytes; left > 0; left -= BLOCK) await file.write(contents.block(Math.min(left, BLOCK), isRandom));
  } finally {
    await file.close();
  }
}

/** The same tree where it was copied to, with changes of its own to come. */
export function movedTree(tree: Tree, root: string, seed: number): Tree {
  const moved = (path: string) => join(root, relative(tree.root, path));
  const large = tree.large.map(({ path, bytes }) => ({ path: moved(path), bytes }));
  return { ...tree, root, small: tree.small.map(moved), large, chance: createChance(seed) };
}

/**
 * Changes a share of the small files: of those 90 % are written anew in place, 5 % added, 5 % deleted. In one large file
 * 5 % of the blocks are overwritten.
 */
export async function changeTree(tree: Tree, share: number): Promise<void> {
  const { small, large, chance, contents } = tree;
  const changes = Math.max(1, Math.round(small.length * share));
  for (let times = 0; times < changes; times++) {
    const at = chance.below(small.length);
    const path = small[at] ?? '';
    const kind = chance.next();
    if (kind < 0.9) await writeFile(path, contents.small(sizeOf(chance, 1)));
    else if (kind < 0.95) small.push(await addBeside(path, contents.small(sizeOf(chance, 1)), chance));
    else {
      small[at] = small.at(-1) ?? '';
      small.pop();
      await rm(path);
    }
  }
  const touched = large[chance.below(large.length)];
  if (touched) await overwriteBlocks(touched, tree);
}

async function addBeside(path: string, bytes: Buffer, chance: Chance): Promise<string> {
  const added = join(dirname(path), `added-${chance.below(2 ** 32).toString(36)}.py`);
  await writeFile(added, bytes);
  return added;
}

async function overwriteBlocks({ path, bytes }: { path: string; bytes: number }, { chance, contents }: Tree) {
  const blocks = Math.floor(bytes / BLOCK);
  const file = await open(path, 'r+');
  try {
    for (let times = 0; times < Math.ceil(blocks * 0.05); times++) {
      await file.write(contents.block(BLOCK, true), 0, BLOCK, chance.below(blocks) * BLOCK);
    }
  } finally {
    await file.close();
  }
}

function sizeOf(chance: Chance, scale: number): number {
  return Math.max(64, Math.round(SMALLEST * (LARGEST_SMALL / SMALLEST) ** chance.next() * scale));
}

function placeOf(number: number, chance: Chance): string {
  const project = `project-${Math.floor(number / FILES_PER_PROJECT)}`;
  const kind = chance.next();
  const folder = (count: number) => chance.below(count);
  if (kind < 0.4) {
    const depth = Array.from({ length: folder(4) }, () => `area-${folder(2)}`);
    return join(project, 'src', `module-${folder(3)}`, ...depth, `file-${number}.py`);
  }
  if (kind < 0.73) return join(project, 'node_modules', `package-${folder(25)}`, 'dist', `file-${number}.js`);
  const place = join(project, '.venv', 'lib', 'python3.11', 'site-packages', `library-${folder(8)}`);
  return join(place, `part-${folder(3)}`, `file-${number}.py`);
}
