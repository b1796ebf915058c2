import { execFileSync } from 'node:child_process';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nameOfBytes } from '../../src/mover/restic/tree-entry.ts';
import { createTally } from '../../src/mover/restic/tree-tally.ts';
import { walkTree } from '../../src/mover/restic/walk-tree.ts';
import type { RunProgram } from '../../src/program.ts';
import { createResticWorld, type ResticWorld } from './restic-world.ts';

/** Everything that a tree can hold and restic brings back. */
const SOURCE = `
  mkdir -p source/deep/er source/empty; cd source
  echo one >one; echo two >deep/two; echo three >deep/er/three; : >'em[p]ty*'; printf line >"$(printf 'new\\nline"\\\\')"
  printf bytes >"$(printf 'bad\\377\\360\\237\\230')"; printf ü >'ü\\xff ; x'; ln -s "$(printf 'no\\nwhere//\\376')" link
  ln one deep/linked; ln deep/two deep/second; ln -s ../nowhere deep/link; mkfifo pipe; mknod null c 1 3; mkfifo "$(printf 'p\\377')"
  chmod 4751 one; chmod 1777 empty; chown 1234:4321 deep/two; chmod 000 'em[p]ty*'
  touch -h -d '2001-02-03 04:05:06.789' deep/link one new* bad*; touch -d '1960-01-02 03:04:05.6' 'em[p]ty*' deep; chmod 2750 . ; chown 88:99 .
`;

const isRoot = process.getuid?.() === 0;

let world: ResticWorld;
let copyId: string;
let calls = 0;

const at = (...names: string[]) => join(world.root, ...names);
const options = () => ({ folder: world.folder, key: `call-${++calls}` });
const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: world.root, stdio: ['ignore', 'pipe', 2] });
const compare = async () =>
  (await world.mover.compare(copyId, [{ pathInCopy: at('source'), path: at('back') }], options())).differences;

async function compareOnce(): Promise<readonly string[]> {
  const { entries, differences } = await world.mover.compare(
    copyId,
    [{ pathInCopy: at('source'), path: at('once') }],
    options(),
  );
  expect(entries).toBe(18);
  return differences;
}

describe.runIf(isRoot)('a comparison', () => {
  beforeAll(async () => {
    world = await createResticWorld();
    sh(SOURCE);
    await world.mover.init(options());
    const request = { paths: [at('source')], exclude: [], tags: [] };
    copyId = (await world.mover.copy(request, options())).id;
    await world.mover.restore(copyId, at('source'), at('once'), options());
    expect(await compareOnce()).toEqual([]);
  });
  afterAll(() => world.dispose());

  beforeEach(() => void sh('rm -rf back; cp -a once back'));

  it('tells everything that differs', async () => {
    sh(`cd back; chmod 600 deep/er/three; chmod u-s one; chown -h 5 deep/link; touch -d '1960-01-02 03:04:05.7' 'em[p]ty*'
      echo more >>"$(echo bad*)"; touch -r ../source/bad* bad*; ln -f one new*; ln -sfn nowhere link; touch -h -r ../source/link link; rm pipe; : >pipe; touch -r ../source/pipe pipe
      rm null; mkdir empty/extra; chmod 2751 .; mv ü* u; rm deep/second; cp -a deep/two deep/second
      touch -r ../source .; touch -r ../source/deep deep; touch -r ../source/empty empty`);
    const differences = await compare();
    const told = differences.map((sentence) => sentence.replace(at('source'), '')).toSorted();
    expect(told).toMatchInlineSnapshot(`
      [
        """: mode was 2750, is 2751",
        ""/bad����": size was 5, is 10",
        ""/deep/er/three": mode was 644, is 600",
        ""/deep/link": owner was 0:0, is 5:0",
        ""/deep/linked": mode was 4751, is 751, hard link was to 1 others (56bdd73ec6af2951), is to 2 others (1f381416ced1b081)",
        ""/deep/second": hard link was to 1 others (41a8c045751b8a74), is none",
        ""/em[p]ty*": time of change was 1960-01-02T03:04:05.600000000Z, is 1960-01-02T03:04:05.700000000Z",
        ""/empty/extra" is not in the copy",
        ""/link": owner was 0:0, is 0:99, link target was "no\\nwhere//�", is nowhere",
        ""/new\\nline\\"\\\\": mode was 644, is 751",
        ""/null" is missing",
        ""/one": mode was 4751, is 751",
        ""/pipe": kind was fifo, is file, owner was 0:0, is 0:99, size was none, is 0",
        ""/u" is not in the copy",
        ""/ü\\\\xff ; x" is missing",
      ]
    `);
  });

  it('tells only the first of many differences', async () => {
    sh('chmod -R u+t back; chown -hR 7:7 back');
    const differences = await compare();
    expect(differences).toHaveLength(18);
    for (let n = 0; n < 30; n += 1) sh(`: >back/more-${n}`);
    expect(await compare()).toHaveLength(20);
  });

  it('finds one flipped byte in a file whose size and time are right', async () => {
    const file = await open(at('back', 'deep', 'er', 'three'), 'r+');
    await file.write('T', 0);
    await file.close();
    sh('touch -r source/deep/er/three back/deep/er/three');
    expect(await compare()).toEqual([`"${at('source')}/deep/er/three": the content differs`]);
  });

  it('reads another share of the content each time, and with all of them everything', async () => {
    sh(
      'for file in one deep/two deep/er/three; do printf X | dd of=back/$file conv=notrunc status=none; touch -r source/$file back/$file; done',
    );
    const found: string[][] = [];
    for (let share = 0; share < 4; share += 1) {
      const places = [{ pathInCopy: at('source'), path: at('back') }];
      const { differences } = await world.mover.compare(copyId, places, { ...options(), share: { share, of: 4 } });
      found.push(differences.map((one) => one.slice(`"${at('source')}/`.length, one.indexOf('": '))));
    }
    // With them the files that are the same by a second name.
    expect(found.flat().sort()).toEqual(['deep/er/three', 'deep/linked', 'deep/second', 'deep/two', 'one']);
    expect(found.filter((names) => names.length > 0).length).toBeGreaterThan(1);
  });

  it('finds a file that lost its name among names that are not UTF-8', async () => {
    const name = (bytes: number[]) => Buffer.concat([Buffer.from(`${at('back')}/bad`), Buffer.from(bytes)]);
    await rename(name([0xff, 0xf0, 0x9f, 0x98]), name([0xfe, 0xf0, 0x9f, 0x98]));
    sh('touch -r source back');
    expect(await compare()).toEqual([expect.stringContaining('the content differs')]);
  });

  it('says nothing of a folder that could not be looked at wholly', async () => {
    await rm(at('back'), { recursive: true });
    await expect(compare()).rejects.toMatchObject({ code: 'mover-unavailable' });
  });
});

describe('names that are not UTF-8', () => {
  it.each([
    ['plain', 'plain'],
    ['\xc3\xbc\n', 'ü\n'],
    ['a\xff\xfe', 'a\ufffd\ufffd'],
    ['\xf0\x9f\x98', '\ufffd\ufffd\ufffd'],
    ['\xf0\x9f\x98\x80\xff', '😀\ufffd'],
    ['\xed\xa0\x80', '\ufffd\ufffd\ufffd'],
    ['\xef\xbf\xbd\t', '\ufffd\t'],
  ])('become what restic writes: %j', (bytes, name) => {
    expect(nameOfBytes(bytes)).toBe(name);
  });
});

it('looks at two hundred thousand entries without keeping them', async () => {
  const tally = createTally();
  const run: RunProgram = async (_program, { onLine }) => {
    onLine?.('uid 0');
    for (let n = 0; n < 200_000; n += 1) {
      onLine?.(`f 644 0 0 ${n} 1 1:${n} 1577836800.1234567890 some/folder/of/a/large/tree/${n % 977}/file-${n}//`);
    }
    onLine?.('whole');
    return { exitCode: 0, signal: null, stderr: [], durationMs: 0 };
  };
  const before = heapBytes();
  await walkTree({ run }, { path: '/', place: 0 }, { folder: '/', key: 'walk' }, (entry) => tally.add(entry));
  // Kept, they would take more than 30 MB.
  expect(heapBytes() - before).toBeLessThan(5e6);
  expect(tally.end().entries).toBe(200_000);
});

/** Without garbage. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
