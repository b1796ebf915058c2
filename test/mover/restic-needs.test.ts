import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Program } from '../../src/program.ts';
import { createResticWorld, type ResticWorld } from './restic-world.ts';

let world: ResticWorld;
let programs: Program[];
let mover: ResticWorld['mover'];

beforeEach(async () => {
  world = await createResticWorld();
  programs = [];
  const credentials = join(world.base, 'credentials');
  await writeFile(credentials, 'key');
  const environment = {
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_CONFIG_FILE: '/no/such/file',
    TMPDIR: world.base,
  };
  mover = world.moverWith({
    settings: { environment },
    run: (program, options) => {
      programs.push(program);
      return world.run(program, options);
    },
  });
  await mover.init({ folder: world.folder, key: 'init' });
});

afterEach(() => world.dispose());

const needsOf = (key: string) => programs.filter((program) => program.key.startsWith(key)).map(({ needs }) => needs);

it('says of every program that touches the data which places and secret files it needs, and of no other', async () => {
  await mkdir(join(world.root, 'one'));
  await writeFile(join(world.root, 'one', 'file'), 'text');
  const options = (key: string) => ({ folder: world.folder, key });
  const paths = [join(world.root, 'one')];
  const request = { paths, exclude: [], tags: ['t'] };
  await mover.copy({ ...request, isFirstPass: true }, options('first'));
  const { id } = await mover.copy(request, options('second'));
  const target = join(world.base, 'back');
  await mover.restore(id, paths[0] as string, target, options('restore'));
  await mover.compare(id, [{ pathInCopy: paths[0] as string, path: target }], options('compare'));
  await mover.count(id, paths, options('count'));
  await mover.list([], options('list'));
  await mover.reach(options('reach'));
  await mover.check(options('check'));
  await mover.forget([id], options('forget'));

  const secretFiles = [join(world.base, 'password'), join(world.base, 'credentials')];
  const around = { secretFiles, scratchFolders: [join(world.base, 'cache')] };
  const back = [{ path: target, access: 'read' }];
  const memoryBytes = expect.any(Number);
  expect(needsOf('reach')).toEqual([{ places: [], nearData: true, ...around }]);
  expect(needsOf('first')).toEqual([{ places: [{ path: paths[0], access: 'write' }], ...around, memoryBytes }]);
  expect(needsOf('second')).toEqual([{ places: [{ path: paths[0], access: 'read' }], ...around, memoryBytes }]);
  expect(needsOf('restore')).toEqual([{ places: [{ path: target, access: 'write' }], ...around }]);
  expect(needsOf('compare-walk')).toEqual([{ places: back }]);
  expect(needsOf('compare-content')).toEqual([{ places: back, ...around }]);
  for (const key of ['init', 'version', 'compare-list', 'count', 'list', 'check', 'forget']) {
    expect(needsOf(key)).toEqual([undefined]);
  }
});

it('has every program of a call give way that is told to, and no other', async () => {
  const path = join(world.root, 'one');
  await mkdir(path);
  await writeFile(join(path, 'file'), 'text');
  const options = (key: string, yields: boolean) => ({ folder: world.folder, key, yields });
  const { id } = await mover.copy({ paths: [path], exclude: [], tags: ['t'] }, options('away-copy', true));
  const target = join(world.base, 'back');
  await mover.restore(id, path, target, options('away-restore', true));
  await mover.compare(id, [{ pathInCopy: path, path: target }], options('away-compare', true));
  await mover.check(options('away-check', true));
  await mover.reread({ index: 1, of: 1 }, options('away-reread', true));
  await mover.prune(options('away-prune', true));
  await mover.copy({ paths: [path], exclude: [], tags: ['t'] }, options('now', false));
  const away = programs.filter(({ key }) => key.startsWith('away-'));
  expect(away.filter(({ yields }) => !yields).map(({ key }) => key)).toEqual([]);
  expect(away.length).toBeGreaterThanOrEqual(8);
  expect(programs.filter(({ key, yields }) => yields && !key.startsWith('away-')).map(({ key }) => key)).toEqual([]);
});
