import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, link, lstat, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RESERVED } from '../../src/mover/restic/launch.ts';
import { RESERVED as RESERVED_BY_PLATFORM } from '../../src/workspace/local/file-facts.ts';
import { compare, walk } from '../walker.ts';
import { createResticWorld, type ResticWorld, until } from './restic-world.ts';

const isRoot = process.getuid?.() === 0;

let world: ResticWorld;
let copyId: string;
let calls = 0;

const at = (...names: string[]) => join(world.root, ...names);
const options = () => ({ folder: world.folder, key: `call-${++calls}` });
const restore = (target = at('live'), path = at('source')) =>
  world.mover.restore(copyId, path, target, { ...options(), inPlace: true });
const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: world.root, stdio: ['ignore', 'pipe', 2] });

/** Everything that a folder can be, the folder itself included. */
const SOURCE = `
  mkdir -p source/deep/er source/empty 'source/we ird'
  echo one >source/one; echo two >source/deep/two; echo three >source/deep/er/three; : >'source/we ird/em[p]ty*'
  ln source/one source/deep/linked; ln -s ../nowhere source/deep/link; mkfifo source/pipe
  chmod 4751 source/one; chmod 1777 source/empty; chown 1234:4321 source/deep/two
  setfattr -n user.colour -v blue source/deep/two; setfattr -n user.colour -v red source
  setfacl -m u:1234:rwx,g:77:r source/deep source; setfacl -d -m u:1234:r source
  chown 88:99 source; chmod 2750 source
  touch -h -d '2001-02-03 04:05:06.789' source/deep/link source/one; touch -d '1999-01-02 03:04:05.6' source/deep source
`;

describe.runIf(isRoot)('a restore', () => {
  beforeAll(async () => {
    world = await createResticWorld();
    sh(SOURCE);
    await world.mover.init({ folder: world.folder, key: 'init' });
    const request = { paths: [at('source')], exclude: [], tags: [] };
    copyId = (await world.mover.copy(request, { folder: world.folder, key: 'copy' })).id;
  });
  afterAll(() => world.dispose());

  beforeEach(() => mkdir(at('live')));
  afterEach(() => rm(at('live'), { recursive: true, force: true }));

  const differences = async (target = at('live')) => compare(await walk(at('source')), await walk(target));
  const looks = async () => (await readdir(join(world.base, 'cache'))).filter((name) => name.startsWith('look-'));

  it('makes the live folder identical, whatever it was and had', async () => {
    sh(`cd live; mkdir one other; echo 1 >one/x; echo same >deep; ln -s /etc empty; echo two >pipe; echo x >other/x
    setfattr -n user.else -v x .; setfacl -m u:5:rwx .; setfacl -d -m u:6:rwx .; chmod 777 .; touch -d 2020-01-01 .`);
    expect(await restore()).toEqual({ files: 7, bytes: 18 });
    expect(await differences()).toEqual([]);
    sh(`cd live; printf tWo\\\\n >deep/two; touch -r ../source/deep/two deep/two; rm deep/linked; cp -a one deep/linked
    setfattr -x user.colour .; setfattr -n user.more -v x deep/two; chmod 600 deep/er/three; rm -r empty; mknod new p`);
    expect(await differences()).not.toEqual([]);
    await restore();
    expect(await differences()).toEqual([]);
    expect(await looks()).toEqual([]);
  });

  it('takes an access list and attributes away that the folder did not have', async () => {
    const plain = at('source', 'we ird');
    sh('cd live; setfattr -n user.else -v x .; setfacl -m u:5:rwx .; setfacl -d -m u:6:rwx .');
    await restore(at('live'), plain);
    expect(compare(await walk(plain), await walk(at('live')))).toEqual([]);
  });

  it('changes nothing outside that shares a file with it', async () => {
    sh(`mkdir outside; cp -a source/deep/two outside/same; echo else >outside/else; chmod 600 outside/*; chown 0:0 outside/*
    mkdir live/deep; ln outside/same live/deep/two; ln outside/else live/one; mkdir live/${RESERVED}x; ln outside/else live/${RESERVED}x/kept`);
    const before = await walk(at('outside'));
    const inode = (await lstat(at('outside', 'else'))).ino;
    await restore();
    expect(compare(before, await walk(at('outside')))).toEqual([]);
    expect((await lstat(at('live', `${RESERVED}x`, 'kept'))).ino).toBe(inode);
    await rm(at('live', `${RESERVED}x`), { recursive: true });
    sh('touch -r source live');
    expect(await differences()).toEqual([]);
    expect(RESERVED).toBe(RESERVED_BY_PLATFORM);
  });

  it('follows a link that stands for the live folder', async () => {
    await symlink('live', at('alias'));
    await restore(at('alias'));
    expect((await lstat(at('alias'))).isSymbolicLink()).toBe(true);
    expect(await differences()).toEqual([]);
  });

  it.each(['beside', 'in place'])('is called again after it was killed half-way: %s', async (way) => {
    const large = at(`large ${way}`);
    const target = at(`target ${way}`);
    const where = way === 'beside' ? join(`${target}.partial`, `large ${way}`) : target;
    await mkdir(large);
    await Promise.all(Array.from({ length: 12 }, (_, n) => writeFile(join(large, `${n}`), randomBytes(8e6))));
    await link(join(large, '1'), join(large, 'one'));
    const request = { paths: [large], exclude: [], tags: [] };
    const copy = await world.mover.copy(request, { ...options(), key: `copy-${way.replace(' ', '-')}` });
    const end = new AbortController();
    const same = { ...options(), inPlace: way === 'in place' };
    const half = world.mover.restore(copy.id, large, target, { ...same, signal: end.signal });
    half.catch(() => undefined);
    await until(async () => (await readdir(where).catch(() => [])).length > 3);
    end.abort(new Error('killed'));
    await expect(half).rejects.toThrow('killed');
    await cp(join(large, '3'), join(where, '3'));
    expect(await world.mover.restore(copy.id, large, target, same)).toEqual({ files: 13, bytes: 13 * 8e6 });
    expect(compare(await walk(large), await walk(target))).toEqual([]);
  });
});
