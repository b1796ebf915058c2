import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type BtrfsVolume, hasBtrfs, makeBtrfsVolume } from '../../btrfs-volume.ts';
import { describePlatform, type PlatformUnderTest } from '../../contracts/platform.ts';
import { describePlatformSwaps } from '../../contracts/platform-swaps.ts';
import {
  assertGuardIsBuilt,
  commanded,
  listIfThere,
  makeBench,
  makeFolder,
  OPERATION,
  OTHER_OPERATION,
  readIfThere,
  supervised,
  until,
} from './bench.ts';

beforeAll(assertGuardIsBuilt);

describePlatform('the local platform', () => create(makeFolder));
// One that starts at once: there are many starts in these.
describePlatformSwaps('the local platform', () => create(makeFolder, ['db']));

describe.runIf(hasBtrfs)('on btrfs', () => {
  let volume: BtrfsVolume;
  let count = 0;
  beforeAll(async () => {
    volume = await makeBtrfsVolume();
  });
  afterAll(() => volume.dispose());
  const createThere = (names?: readonly string[]) => {
    const folder = `t${++count}`;
    return create((path) => volume.subvolume(folder, basename(path)), names);
  };
  describePlatform('the local platform with subvolumes as parts', () => createThere());
  describePlatformSwaps('the local platform with subvolumes as parts', () => createThere(['db']));
});

async function create(
  makePart: (path: string) => Promise<string>,
  names: readonly string[] = ['web', 'db', 'worker'],
): Promise<PlatformUnderTest> {
  const paths = new Map<string, string>();
  const at = (part: string, file: string) => join(paths.get(part) ?? '', file);
  const bench = await makeBench(async (root) => ({
    services: names.map((name) => (name === 'db' ? commanded(name, join(root, 'db-runs')) : supervised(name))),
    volumes: [{ name: 'data', path: await place(join(root, 'data')) }],
    sharedFolders: [{ name: 'projects', path: await place(join(root, 'projects')) }],
    pageCommand: ['sh', '-c', `cat >> ${root}/said && mv ${root}/said ${root}/pages`],
    definition: { files: [join(root, 'env')] },
    checks: [{ name: 'whole', command: ['./whole.sh'], folder: await makeFolder(join(root, 'checks')) }],
  }));
  async function place(path: string): Promise<string> {
    const made = await makePart(path);
    paths.set(basename(path), made);
    return made;
  }
  const { root, platform } = bench;
  const look = '#!/bin/sh\ngrep -q good "$CML_SCRATCH/data/file" || { echo torn >&2; exit 1; }\n';
  await writeFile(join(root, 'checks', 'whole.sh'), look, { mode: 0o755 });
  const isUp = async (service: string) =>
    service === 'db' ? existsSync(join(root, 'db-runs')) : bench.pidsOf(service).length > 0;
  const note = { operationId: OPERATION, notedAt: '2026-01-01T00:00:00.000Z' };
  await platform.start({ ...note, services: names.map((name) => ({ name, ready: true })) });
  return {
    platform,
    operationId: OPERATION,
    otherOperationId: OTHER_OPERATION,
    services: names,
    parts: ['data', 'projects'],
    folder: await makeFolder(join(root, 'work', OPERATION)),
    isUp,
    async takeDown(service) {
      for (const pid of bench.pidsOf(service)) process.kill(pid, 'SIGKILL');
      await until(`${service} is down`, async () => !(await isUp(service)));
    },
    again: bench.again,
    async letGuardTry(note) {
      await platform.armGuard(note, new Date().toISOString());
      await until('the guard has paged', () => existsSync(join(root, 'pages')));
    },
    pages: async () => (await readIfThere(join(root, 'pages')))?.trim().split('\n') ?? [],
    async write(part, file, text) {
      await makeFolder(dirname(at(part, file)));
      await writeFile(at(part, file), text);
    },
    remove: (part, file) => rm(at(part, file), { recursive: true }),
    stands: async (path) => existsSync(path),
    read: (part, file) => readIfThere(at(part, file)),
    writeStaged: (path, file, text) => writeFile(join(path, file), text),
    list: listIfThere,
    readDefinition: () => readIfThere(join(root, 'env')),
    writeDefinition: (text) => writeFile(join(root, 'env'), text),
    dispose: bench.dispose,
  };
}
