import { execFileSync } from 'node:child_process';
import { lutimesSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { appendFile, chmod, chown, link, mkdir, open, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compare, readTree, saveTree, walk } from './walker.ts';

const NOT_UTF8 = Buffer.from([0x66, 0xff, 0xfe]);
const hasAttributes = canSetAttributes();
const isRoot = process.getuid?.() === 0;

let folder: string;
let root: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cml-walker-'));
  root = join(folder, 'tree');
  await mkdir(join(root, 'a', 'empty'), { recursive: true });
  await writeFile(join(root, 'a', 'text.txt'), 'hello');
  await writeFile(join(root, 'a', 'with space \\ and ünïcode\n.txt'), 'x');
  await writeFile(Buffer.concat([Buffer.from(`${root}/a/`), NOT_UTF8]), 'bytes');
  await writeFile(join(root, 'large'), Buffer.alloc(300_000, 7));
  await link(join(root, 'large'), join(root, 'a', 'also-large'));
  await symlink('a/text.txt', join(root, 'pointer'));
  utimesSync(join(root, 'large'), 1_000_000_000.5, 1_000_000_000.25);
});

afterEach(() => rm(folder, { recursive: true }));

/** The program may be missing, and so may the support of the file system that holds temporary files. */
function canSetAttributes(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'cml-walker-'));
  try {
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'one', place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true });
  }
}

async function differencesAfter(change: () => unknown): Promise<string[]> {
  const before = await walk(root);
  await change();
  return compare(before, await walk(root));
}

/** Changes a file's bytes and nothing else that can be seen. */
async function flipOneByte(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const file = await open(path, 'r+');
  await file.write(Buffer.from([8]), 0, 1, 150_000);
  await file.close();
  utimesSync(path, atime, mtime);
}

describe('the walker', () => {
  test('finds an untouched tree identical', async () => {
    expect(await differencesAfter(() => undefined)).toEqual([]);
  });

  test('finds a faithful copy identical, wherever it stands', async () => {
    const copy = join(folder, 'copy');
    execFileSync('cp', ['-a', root, copy]);
    expect(compare(await walk(root), await walk(copy))).toEqual([]);
  });

  test('finds a copy that lost links and times different', async () => {
    const copy = join(folder, 'copy');
    execFileSync('cp', ['-r', root, copy]);
    const sentences = compare(await walk(root), await walk(copy)).join('\n');
    expect(sentences).toContain('large: hard link group');
    expect(sentences).toContain('large: time of change');
  });

  test('sees one flipped byte in a file with the same size and time', async () => {
    const differences = await differencesAfter(() => flipOneByte(join(root, 'large')));
    expect(differences).toHaveLength(2); // both of its names
    expect(differences[0]).toMatch(/^a\/also-large: content was [0-9a-f]{64}, is [0-9a-f]{64}$/);
  });

  test('sees one changed mode', async () => {
    const differences = await differencesAfter(() => chmod(join(root, 'a', 'text.txt'), 0o4711));
    expect(differences).toEqual(['a/text.txt: mode was 0644, is 4711']);
  });

  test('sees a time that moved by a billionth of a second', async () => {
    const touch = (seconds: string) => execFileSync('touch', ['-d', `@${seconds}`, join(root, 'a', 'text.txt')]);
    touch('1000000000.123456788');
    expect(await differencesAfter(() => touch('1000000000.123456789'))).toEqual([
      'a/text.txt: time of change was 1000000000123456788, is 1000000000123456789',
    ]);
  });

  test('sees the time of a link and of the root itself', async () => {
    expect(await differencesAfter(() => lutimesSync(join(root, 'pointer'), 5, 5))).toHaveLength(1);
    expect(await differencesAfter(() => utimesSync(root, 5, 5))).toEqual([
      expect.stringMatching(/^\.: time of change was \d+, is 5000000000$/),
    ]);
  });

  test('sees the mode of the root itself', async () => {
    expect(await differencesAfter(() => chmod(root, 0o700))).toEqual(['.: mode was 0755, is 0700']);
  });

  test('sees another link target', async () => {
    const differences = await differencesAfter(async () => {
      await rm(join(root, 'pointer'));
      symlinkSync('a/empty', join(root, 'pointer'));
    });
    expect(differences).toContain('pointer: link target was a/text.txt, is a/empty');
  });

  test('sees a hard link that became a file of its own', async () => {
    const differences = await differencesAfter(async () => {
      const linked = join(root, 'a', 'also-large');
      execFileSync('cp', ['-a', linked, join(folder, 'alone')]);
      await rename(join(folder, 'alone'), linked);
    });
    expect(differences).toContain('large: hard link group was a/also-large, is none');
    expect(differences).toContain('a/also-large: hard link group was a/also-large, is none');
  });

  test('sees a missing file, an extra file and a missing empty folder', async () => {
    expect(await differencesAfter(() => rm(join(root, 'a', 'text.txt')))).toContain('a/text.txt: the file is missing');
    expect(await differencesAfter(() => writeFile(join(root, 'more'), ''))).toContain(
      'more: the file was not there before',
    );
    expect(await differencesAfter(() => rm(join(root, 'a', 'empty'), { recursive: true }))).toContain(
      'a/empty: the directory is missing',
    );
  });

  test('sees a name that is not UTF-8 and does not mix it up with its written form', async () => {
    const differences = await differencesAfter(async () => {
      await rm(Buffer.concat([Buffer.from(`${root}/a/`), NOT_UTF8]));
      await writeFile(join(root, 'a', 'f\\xff\\xfe'), 'bytes');
    });
    expect(differences).toContain('a/f\\xff\\xfe: the file is missing');
    expect(differences).toContain('a/f\\\\xff\\\\xfe: the file was not there before');
  });

  test('sees another kind of thing under the same name', async () => {
    const differences = await differencesAfter(async () => {
      await rm(join(root, 'pointer'));
      execFileSync('mkfifo', [join(root, 'pointer')]);
    });
    expect(differences).toContain('pointer: was a symlink, is a fifo');
  });

  test('sees a file that grew or shrank', async () => {
    expect((await differencesAfter(() => appendFile(join(root, 'large'), '!'))).join()).toContain(
      'size was 300000, is 300001',
    );
    expect((await differencesAfter(() => truncateSync(join(root, 'large'), 0))).join()).toContain('is 0');
  });

  test('sees that the holes of a sparse file were filled, not that a file takes a few blocks more', async () => {
    const sparse = join(root, 'sparse');
    await writeFile(sparse, 'x');
    truncateSync(sparse, 4_000_000);
    const { atime, mtime } = await stat(sparse);
    const before = await walk(root);
    await writeFile(sparse, Buffer.concat([Buffer.from('x'), Buffer.alloc(3_999_999)]));
    utimesSync(sparse, atime, mtime);
    const after = await walk(root);
    const holes = /^sparse: took \d+ bytes on the disk, takes \d+: its holes were filled$/;
    expect(compare(before, after).filter((said) => !said.includes('time of change'))).toEqual([
      expect.stringMatching(holes),
    ]);
    expect(compare(after, before).filter((said) => holes.test(said))).toEqual([]);
  });

  test.skipIf(!hasAttributes)('sees an access control list', async () => {
    const listed = (value: string) => execFileSync('setfattr', ['-n', 'system.posix_acl_access', '-v', value, file]);
    const file = join(root, 'a', 'text.txt');
    // user::rw- user:1234:<r--|rw-> group::r-- mask::rw- other::r--; source: linux/posix_acl_xattr.h
    const acl = (permission: string) =>
      ['0x02000000', '01000600ffffffff', `02000${permission}00d2040000`, '04000400ffffffff', '10000600ffffffff']
        .concat('20000400ffffffff')
        .join('');
    listed(acl('4'));
    expect(await differencesAfter(() => listed(acl('6')))).toEqual([
      expect.stringMatching(/^a\/text\.txt: extended attribute system\.posix_acl_access was 0x02.*, is 0x02/),
    ]);
  });

  test.skipIf(!isRoot)('sees another owner', async () => {
    expect(await differencesAfter(() => chown(join(root, 'a', 'empty'), 12345, 23456))).toEqual([
      'a/empty: owner was 0, is 12345',
      'a/empty: group was 0, is 23456',
    ]);
  });

  test.skipIf(!hasAttributes)('sees one extended attribute, also on an odd name', async () => {
    const odd = join(root, 'a', 'with space \\ and ünïcode\n.txt');
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'one', odd]);
    expect((await walk(root)).attributes).toBe('read');
    const differences = await differencesAfter(() => execFileSync('setfattr', ['-n', 'user.note', '-v', 'two', odd]));
    expect(differences).toEqual([
      'a/with space \\\\ and ünïcode\n.txt: extended attribute user.note was 0x6f6e65, is 0x74776f',
    ]);
  });

  test('does not call trees identical when attributes were read in one of them only', async () => {
    const tree = await walk(root);
    const other = tree.attributes === 'read' ? 'not read' : 'read';
    expect(compare(tree, { ...tree, attributes: other })).toEqual([
      'extended attributes were read in one tree only: they cannot be compared',
    ]);
  });

  test('comes back from a file as it was', async () => {
    const tree = await walk(root);
    await saveTree(tree, join(folder, 'tree.json'));
    expect(await readTree(join(folder, 'tree.json'))).toEqual(tree);
  });

  test('keeps a file named like a property of every object', async () => {
    await writeFile(join(root, '__proto__'), 'x');
    await saveTree(await walk(root), join(folder, 'tree.json'));
    const tree = await readTree(join(folder, 'tree.json'));
    expect(await differencesAfter(() => rm(join(root, '__proto__')))).toContain('__proto__: the file is missing');
    expect(compare(tree, await walk(root))).toContain('__proto__: the file is missing');
  });
});
