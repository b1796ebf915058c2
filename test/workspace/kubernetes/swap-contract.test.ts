import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { applyDefinition } from '../../../src/workspace/kubernetes/apply-definition.ts';
import { captureDefinition } from '../../../src/workspace/kubernetes/capture-definition.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { dropDisplaced, keepDisplaced, listDisplaced } from '../../../src/workspace/kubernetes/displaced.ts';
import { endPrograms } from '../../../src/workspace/kubernetes/end-programs.ts';
import { beginInPlace, endInPlace, forgetInPlace, readInPlace } from '../../../src/workspace/kubernetes/in-place.ts';
import { inspectWorkspace } from '../../../src/workspace/kubernetes/inspect.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, LABELS, placeOf } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { proveQuiet } from '../../../src/workspace/kubernetes/quiet.ts';
import { releaseStage, stageWishes } from '../../../src/workspace/kubernetes/stage.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { commitSwap, isSwapReverted, isSwapServed, revertSwap } from '../../../src/workspace/kubernetes/swap.ts';
import { stageDisplaced } from '../../../src/workspace/kubernetes/undo.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import type { PlatformUnderTest } from '../../contracts/platform.ts';
import { describePlatformSwaps } from '../../contracts/platform-swaps.ts';
import type { Stored } from '../../fakes/kube-api/store.ts';
import { SPACE } from './live-scene.ts';
import { createSwapScene, FIRST, SECOND, type SwapScene } from './swap-scene.ts';

const WITHIN = 'single paths of a part are not swapped on claims';
const SKIP = {
  'swaps a folder and a single file of a part alone, and puts them back': WITHIN,
  'is not confused by services that write and remove at a path that was swapped': WITHIN,
  'brings in a path that was not there before, and takes it away again': WITHIN,
  'swaps two paths of one part and a whole part beside, and keeps all that it displaced': WITHIN,
  'undoes a restore of paths, of one that was not there before too, and undoes that': WITHIN,
  'keeps the guard from starting anything; it pages and leaves the operation its quiet time':
    'the guard needs the built program; see guard.test.ts',
};

describePlatformSwaps('what swaps claims', create, { skip: SKIP });

/** Only what a swap is made of. */
function platformOf(context: KubeContext): WorkspacePlatform {
  const platform: Partial<WorkspacePlatform> = {
    inspect: () => inspectWorkspace(context),
    captureDefinition: (folder) => captureDefinition(context, folder),
    applyDefinition: (path) => applyDefinition(context, path),
    noteRunning: (id) => noteRunning(context, id),
    stop: (note) => stopServices(context, note, {}),
    start: (note) => startServices(context, note, {}),
    proveQuiet: (quiet, parts) => proveQuiet(context, quiet, parts),
    stage: (id, wishes) => stageWishes(context, id, wishes),
    stageDisplaced: (_id, from) => stageDisplaced(context, from),
    commit: (id, staged, quiet) => commitSwap(context, id, staged, quiet),
    isReverted: (id) => isSwapReverted(context, id),
    isServed: (id) => isSwapServed(context, id),
    revert: (id) => revertSwap(context, id),
    keepDisplaced: (id, until, definition) => keepDisplaced(context, id, until, definition),
    displaced: () => listDisplaced(context),
    dropDisplaced: (now, held = []) => dropDisplaced(context, now, held),
    beginInPlace: (id, parts, quiet) => beginInPlace(context, id, parts, quiet),
    endInPlace: (id, stands) => endInPlace(context, id, stands),
    inPlace: (id) => readInPlace(context, id),
    async release(id) {
      await endPrograms(context, id);
      await releaseStage(context, id);
      await forgetInPlace(context, id);
    },
  };
  return platform as WorkspacePlatform;
}

async function create(): Promise<PlatformUnderTest> {
  const scene = await createSwapScene();
  const folder = await mkdtemp(join(tmpdir(), 'cml-swaps-'));
  const at = (part: string, file: string) => join(scene.directory(part), file);
  const settings = () => scene.store.get(kinds.CONFIG_MAP, 'settings', SPACE);
  const unused = () => Promise.reject(new Error('not asked for here'));
  return {
    platform: platformOf(scene.context),
    ...{ operationId: FIRST, otherOperationId: SECOND, folder },
    services: ['web', 'db'],
    parts: ['data-db-0', 'projects-pvc'],
    isUp: async (service) => scene.pods(service).length > 0,
    again: () => platformOf(scene.with({})),
    ...{ takeDown: unused, letGuardTry: unused, pages: unused },
    async write(part, file, text) {
      await mkdir(dirname(at(part, file)), { recursive: true });
      await writeFile(at(part, file), text);
    },
    remove: (part, file) => rm(at(part, file), { recursive: true }),
    read: async (part, file) => (existsSync(at(part, file)) ? readFile(at(part, file), 'utf8') : undefined),
    async writeStaged(path, file, text) {
      await scene.until(`${path} stands`, () => directoryOf(scene, path) !== undefined);
      await writeFile(join(directoryOf(scene, path) ?? '', file), text);
    },
    async list(path) {
      const directory = directoryOf(scene, path);
      return directory === undefined ? undefined : readdir(directory);
    },
    stands: async (path) => directoryOf(scene, path) !== undefined,
    readDefinition: async () => settings()?.data.text,
    async writeDefinition(text) {
      const metadata = { name: 'settings', namespace: SPACE };
      const change = (object: Stored) => {
        object.data = { text };
      };
      if (settings()) scene.edit(kinds.CONFIG_MAP, 'settings', change);
      else scene.put(kinds.CONFIG_MAP, 'settings', { metadata, data: { text } });
    },
    async dispose() {
      await scene.dispose();
      await rm(folder, { recursive: true });
    },
  };
}

/** Behind a staged or displaced place. */
function directoryOf({ store, world }: SwapScene, path: string): string | undefined {
  const place = placeOf(path)?.place;
  if (place === undefined || place.life === 'live') return undefined;
  const { life, operationId = '', part } = place;
  const claim = store.get(kinds.CLAIM, claimNameOf(life, operationId, part), SPACE);
  const labels = { [LABELS.operation]: operationId, [LABELS.part]: part, [LABELS.role]: 'displaced' };
  const kept = store
    .list(kinds.VOLUME)
    .find(({ metadata }) => Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value));
  const volume = life === 'displaced' ? kept?.metadata.name : claim?.spec.volumeName;
  return volume === undefined ? undefined : world.directoryOf(volume);
}
