import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type BtrfsVolume, hasBtrfs, makeBtrfsVolume } from '../../btrfs-volume.ts';
import { describePlatform, type PlatformUnderTest } from '../../contracts/platform.ts';
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

describe.runIf(hasBtrfs)('on btrfs', () => {
  let volume: BtrfsVolume;
  let count = 0;
  beforeAll(async () => {
    volume = await makeBtrfsVolume();
  });
  afterAll(() => volume.dispose());
  describePlatform('the local platform with subvolumes as parts', () => {
    const folder = `t${++count}`;
    return create((path) => volume.subvolume(folder, basename(path)));
  });
});

async function create(makePart: (path: string) => Promise<string>): Promise<PlatformUnderTest> {
  const paths = new Map<string, string>();
  const bench = await makeBench(async (root) => ({
    services: [supervised('web'), commanded('db', join(root, 'db-runs')), supervised('worker')],
    volumes: [{ name: 'data', path: await place(join(root, 'data')) }],
    sharedFolders: [{ name: 'projects', path: await place(join(root, 'projects')) }],
    definition: { files: [join(root, 'env')] },
    checks: [
      { name: 'whole', command: ['sh', '-c', 'grep -q good "$CML_SCRATCH/data/file" || { echo torn >&2; exit 1; }'] },
    ],
  }));
  async function place(path: string): Promise<string> {
    const made = await makePart(path);
    paths.set(basename(path), made);
    return made;
  }
  const { root, platform } = bench;
  const names = ['web', 'db', 'worker'];
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
    write: (part, file, text) => writeFile(join(paths.get(part) ?? '', file), text),
    read: (part, file) => readIfThere(join(paths.get(part) ?? '', file)),
    writeStaged: (path, file, text) => writeFile(join(path, file), text),
    list: listIfThere,
    readDefinition: () => readIfThere(join(root, 'env')),
    writeDefinition: (text) => writeFile(join(root, 'env'), text),
    dispose: bench.dispose,
  };
}
