import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { describePlatform } from '../../contracts/platform.ts';
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

describePlatform('the local platform', async () => {
  const bench = await makeBench(async (root) => ({
    services: [supervised('web'), commanded('db', join(root, 'db-runs')), supervised('worker')],
    volumes: [{ name: 'data', path: await makeFolder(join(root, 'data')) }],
    sharedFolders: [{ name: 'projects', path: await makeFolder(join(root, 'projects')) }],
    definition: { files: [join(root, 'env')] },
    checks: [{ name: 'whole', command: ['./whole.sh'], folder: await makeFolder(join(root, 'checks')) }],
  }));
  const { root, platform } = bench;
  const look = '#!/bin/sh\ngrep -q good "$CML_SCRATCH/data/file" || { echo torn >&2; exit 1; }\n';
  await writeFile(join(root, 'checks', 'whole.sh'), look, { mode: 0o755 });
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
    write: (part, file, text) => writeFile(join(root, part, file), text),
    read: (part, file) => readIfThere(join(root, part, file)),
    writeStaged: (path, file, text) => writeFile(join(path, file), text),
    list: listIfThere,
    readDefinition: () => readIfThere(join(root, 'env')),
    writeDefinition: (text) => writeFile(join(root, 'env'), text),
    dispose: bench.dispose,
  };
});
