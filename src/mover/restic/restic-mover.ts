import type { PrepareProgram, RunProgram, StreamProgram } from '../../program.ts';
import type { DataMover } from '../mover.ts';
import { addKey } from './add-key.ts';
import { check } from './check.ts';
import { compare } from './compare.ts';
import { copy, prepareCopy } from './copy.ts';
import { count } from './count.ts';
import { forget } from './forget.ts';
import { initRepository } from './init.ts';
import { list } from './list.ts';
import { listFolder, openFile } from './look-inside.ts';
import { type FoundRestic, findRestic } from './probe.ts';
import { prune } from './prune.ts';
import { reach } from './reach.ts';
import { placeOfRepository } from './repository-place.ts';
import { reread } from './reread.ts';
import type { ResticContext } from './restic.ts';
import { restore } from './restore.ts';
import type { ResticSettings } from './settings.ts';

export interface ResticMoverParameters {
  readonly settings: ResticSettings;
  readonly workspace: string;
  /** Runs restic where the data can be read. */
  readonly run: RunProgram;
  /** Absent: it begins at once anyway. */
  readonly prepare?: PrepareProgram;
  /** Runs restic where we are, for whoever reads. Absent: nothing can be looked at in copies. */
  readonly stream?: StreamProgram;
  /** Where restic may be, best first; a name without a slash is looked up on the PATH of the platform. */
  readonly candidates: readonly string[];
  /** Of this workspace alone; may be lost at any time. */
  readonly cacheFolder: string;
  /** How long a repository may take to answer from where the data is, in milliseconds. Default 30 s. */
  readonly reachesWithinMs?: number;
}

export function createResticMover(parameters: ResticMoverParameters): DataMover {
  const { candidates, run, prepare = async () => undefined } = parameters;
  let finding: Promise<FoundRestic> | undefined;

  /** One look at a time; a failed one is not remembered. */
  function find(): Promise<FoundRestic> {
    finding ??= findRestic(candidates, run, parameters).catch((error: unknown) => {
      finding = undefined;
      throw error;
    });
    return finding;
  }

  const context: ResticContext = { ...parameters, prepare, command: async () => (await find()).command };
  return {
    place: placeOfRepository(parameters.settings.location),
    async probe() {
      // A restic that was found earlier may have been replaced since.
      if (finding) await finding.catch(() => {});
      finding = undefined;
      const { version } = await find();
      return { name: 'restic', version };
    },
    reach: (options) => reach(context, options, parameters.reachesWithinMs),
    init: (options) => initRepository(context, options),
    addKey: (newPasswordFile, options) => addKey(context, newPasswordFile, options),
    copy: (request, options) => copy(context, request, options),
    prepareCopy: (request, options) => prepareCopy(context, request, options),
    list: (tags, options) => list(context, tags, options),
    count: (copyId, paths, options) => count(context, copyId, paths, options),
    restore: (copyId, pathInCopy, target, options) => restore(context, copyId, pathInCopy, target, options),
    compare: (copyId, places, options) => compare(context, copyId, places, options),
    forget: (ids, options) => forget(context, ids, options),
    check: (options) => check(context, options),
    prune: (options) => prune(context, options),
    listFolder: (copyId, path, page, options) => listFolder(context, copyId, path, page, options),
    openFile: (copyId, path, options) => openFile(context, copyId, path, options),
    reread: (slice, options) => reread(context, slice, options),
  };
}
