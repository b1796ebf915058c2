import { describe, expect, it } from 'vitest';
import { describeMover, type Tree } from '../contracts/mover.ts';
import { createFakeMover, emptyRepository, type FakeFiles } from '../fakes/mover.ts';

describeMover('in memory', async () => {
  const files: FakeFiles = new Map();
  return {
    mover: createFakeMover(emptyRepository(), files),
    root: '/world',
    folder: '/operation',
    otherPasswordFile: '/other',
    async writeTree(path, tree) {
      for (const [name, content] of Object.entries(tree)) files.set(`${path}/${name}`, content);
    },
    async readTree(path) {
      const below = [...files].filter(([entry]) => entry.startsWith(`${path}/`) && entry !== `${path}/`);
      return Object.fromEntries(below.map(([entry, content]) => [entry.slice(path.length + 1), content])) as Tree;
    },
    async dispose() {},
  };
});

describe('a fake repository', () => {
  const options = { folder: '/operation', key: 'any' };

  it('is plain JSON that another mover can go on with', async () => {
    const files: FakeFiles = new Map([['/data/file', 'content']]);
    const state = emptyRepository();
    await createFakeMover(state, files).init(options);
    const made = await createFakeMover(state, files).copy({ paths: ['/data'], exclude: [], tags: ['op'] }, options);
    const revived = createFakeMover(JSON.parse(JSON.stringify(state)), files);
    expect(await revived.list(['op'], options)).toMatchObject([{ id: made.id }]);
  });

  it('names unreadable files and refuses while it is held', async () => {
    const state = { ...emptyRepository(), exists: true };
    const mover = createFakeMover(
      state,
      new Map([
        ['/data/secret', null],
        ['/data/file', 'x'],
      ]),
    );
    const request = { paths: ['/data'], exclude: [], tags: [] };
    expect(await mover.copy(request, options)).toMatchObject({ files: 1, unreadable: ['/data/secret'] });
    state.heldBy = 'a check';
    await expect(mover.copy(request, options)).rejects.toMatchObject({ code: 'repository-held', retryable: true });
  });
});
