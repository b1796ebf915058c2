import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeTree } from '../../../src/workspace/local/remove-tree.ts';

const isRoot = process.getuid?.() === 0;

describe('removing one of our folders', () => {
  let root: string;
  let ours: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cml-remove-'));
    ours = join(root, '.cml-op_0000000001-displaced-db');
    await mkdir(join(ours, 'folder'), { recursive: true });
    await writeFile(join(ours, 'folder', '-file\n*'), 'x');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it.skipIf(!isRoot)('removes what is immutable or append-only', async () => {
    execFileSync('chattr', ['+i', join(ours, 'folder', '-file\n*')]);
    execFileSync('chattr', ['+a', join(ours, 'folder')]);
    await removeTree(ours);
    expect(existsSync(ours)).toBe(false);
  });

  it('does nothing where nothing is, and refuses what is not ours', async () => {
    await removeTree(join(root, '.cml-op_0000000001-stage-db'));
    await expect(removeTree(root)).rejects.toThrow('is not a folder of ours');
    expect(existsSync(ours)).toBe(true);
  });
});
