import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describePlatform, type PlatformUnderTest } from '../../contracts/platform.ts';
import { describePlatformSwaps } from '../../contracts/platform-swaps.ts';
import { listIfThere, makeFolder, OPERATION, OTHER_OPERATION, readIfThere } from '../local/bench.ts';
import { FOLDERS, makeCdpBench } from './bench.ts';

const BY_ITSELF = 'the control plane stops and starts services by itself, all of them together';

/** What the control plane cannot do; `test/allowed-skips` names them too. */
const skip = {
  'captures the same definition every time and makes it present again': 'restoreWorkspace brings the definition back',
  'stops what ran, answers one quiet time when asked twice, and proves it': BY_ITSELF,
  'leaves a service down that was down before': BY_ITSELF,
  'ends the quiet time as soon as services are started': BY_ITSELF,
  "runs the workspace's own checks on what was brought back, and says which does not accept it":
    'what the workspace holds comes back nowhere but in the workspace',
};

const BRINGS_BACK = 'restoreWorkspace brings the definition back';

/** Its external folders alone: what the control plane holds is never swapped. */
const skipOfSwaps = {
  'puts back by hand what never served, definition and data, from what it holds itself': BRINGS_BACK,
  'keeps a copy of the definition with what was displaced, lists it, and drops it with it': BRINGS_BACK,
  'hands out the live parts and starts nothing until they are whole again': BY_ITSELF,
  'keeps the guard from starting anything; it pages and leaves the operation its quiet time': BY_ITSELF,
};

describePlatform('the control plane', create, { skip });
describePlatformSwaps('the control plane', create, { skip: skipOfSwaps });

async function create(): Promise<PlatformUnderTest> {
  const bench = await makeCdpBench();
  const { platform, double, root } = bench;
  const at = (part: string, file: string) => join(bench.pathOf(part), file);
  return {
    platform,
    operationId: OPERATION,
    otherOperationId: OTHER_OPERATION,
    services: ['workspace', 'database'],
    parts: FOLDERS,
    folder: await makeFolder(join(root, 'work', OPERATION)),
    isUp: async () => double.state().areServicesUp,
    takeDown: () => notHere(),
    again: bench.again,
    letGuardTry: () => notHere(),
    pages: () => notHere(),
    async write(part, file, text) {
      await makeFolder(dirname(at(part, file)));
      await writeFile(at(part, file), text);
    },
    remove: (part, file) => rm(at(part, file), { recursive: true }),
    stands: async (path) => existsSync(path),
    read: (part, file) => readIfThere(at(part, file)),
    writeStaged: (path, file, text) => writeFile(join(path, file), text),
    list: listIfThere,
    readDefinition: () => notHere(),
    writeDefinition: () => notHere(),
    dispose: bench.dispose,
  };
}

function notHere(): never {
  throw new Error('no test that is not skipped asks for this');
}
