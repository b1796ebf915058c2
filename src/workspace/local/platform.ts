import type { Clock } from '../../clock.ts';
import { doAll } from '../../do-all.ts';
import type { Log } from '../../log.ts';
import type { RunProgram } from '../../program.ts';
import type { WorkspacePolicy } from '../../records/workspace.ts';
import type { WorkspacePlatform } from '../platform.ts';
import { translated } from '../system-error.ts';
import { countAtCut, runChecks } from './checks.ts';
import type { LocalContext } from './context.ts';
import { removeDeadWriting } from './dead-writing.ts';
import { applyDefinition, captureDefinition } from './definition.ts';
import { dropDisplaced, keepDisplaced, listDisplaced } from './displaced.ts';
import { armGuard, disarmGuard } from './guard.ts';
import { beginInPlace, endInPlace, forgetInPlace, readInPlace } from './in-place.ts';
import { inspectWorkspace } from './inspect.ts';
import { noteRunning, readNote } from './note.ts';
import { putBackByHand } from './put-back.ts';
import { proveQuiet } from './quiet.ts';
import { endPrograms } from './run-program.ts';
import { makeScratch, releaseScratch } from './scratch.ts';
import type { LocalSettings } from './settings.ts';
import { dropSnapshots, makeSnapshots } from './snapshot.ts';
import { releaseStage, stageWishes } from './stage.ts';
import { startServices } from './start-services.ts';
import { createStateLock } from './state-lock.ts';
import { stopServices } from './stop-services.ts';
import { commitSwap, isSwapReverted, isSwapServed, revertSwap } from './swap.ts';
import { forgetTakeOver } from './taken-over.ts';
import { stageDisplaced } from './undo.ts';
import { warmUpParts } from './warm-up.ts';

export interface LocalPlatformOptions {
  readonly workspace: string;
  readonly settings: LocalSettings;
  readonly policy: WorkspacePolicy;
  /** Absolute; the platform's own state of this workspace. */
  readonly folder: string;
  /** Where an operation keeps the output of its programs. */
  readonly workFolder: (operationId: string) => string;
  readonly run: RunProgram;
  readonly clock: Clock;
  readonly log: Log;
  /** What starts the guard, such as `[process.execPath, '<dist>/src/workspace/local/guard-main.js']`. */
  readonly guardProgram: readonly string[];
  /** Gets a sentence on its standard input and CML_URGENT=1 in its environment when services stay down. */
  readonly pageCommand?: readonly string[];
}

/** Longer than any section that holds the lock; whoever waits longer is told who holds it. */
const LOCK_WAIT_MS = 60_000;

export function createLocalPlatform(options: LocalPlatformOptions): WorkspacePlatform {
  const { workspace, settings, policy, folder, run, clock, log, workFolder } = options;
  const lock = createStateLock({
    folder,
    clock,
    waitMs: LOCK_WAIT_MS,
    fence: false,
    afterDeath: () => removeDeadWriting(folder),
  });
  const context: LocalContext = { workspace, settings, folder, clock, log, lock, isGuard: false };
  const arming = { context, guardProgram: options.guardProgram, pageCommand: options.pageCommand };
  return {
    capabilities: { cut: 'per-part', swap: 'rename', reader: 'child' },
    run,
    // A child process begins at once.
    prepare: async () => undefined,
    prepareCut: async () => undefined,
    inspect: (wish = {}) => translated('looking at the workspace', () => inspectWorkspace(context, policy, wish)),
    captureDefinition: (into) => translated('reading the definition', () => captureDefinition(context, into)),
    applyDefinition: (path) => translated('writing the definition', () => applyDefinition(context, path)),
    noteRunning: (operationId) => translated('noting what runs', () => noteRunning(context, operationId)),
    readNote: () => translated('reading what ran', () => readNote(context)),
    armGuard: (note, actsAt, putBack) => translated('arming the guard', () => armGuard(arming, note, actsAt, putBack)),
    disarmGuard: (operationId) => translated('disarming the guard', () => disarmGuard(context, operationId)),
    putBack: (note) => translated('putting data back', () => putBackByHand(context, note)),
    stop: (note, effect = {}) => translated('stopping services', () => stopServices(context, note, effect)),
    proveQuiet: (quiet, parts) => translated('looking for writers', () => proveQuiet(context, quiet, parts)),
    start: (note, effect = {}) => translated('starting services', () => startServices(context, note, effect)),
    snapshot: (operationId, plan, quiet, effect = {}) =>
      translated('making snapshots', () => makeSnapshots(context, operationId, plan, quiet, effect)),
    warmUp: (_operationId, parts, into, effect = {}) =>
      translated('reading attributes', () => warmUpParts(context, run, parts, into, effect)),
    stage: (operationId, wishes) => translated('staging', () => stageWishes(context, operationId, wishes)),
    stageDisplaced: (operationId, fromOperationId) =>
      translated('looking at what was displaced', () => stageDisplaced(context, operationId, fromOperationId)),
    commit: (operationId, staged, quiet) =>
      translated('swapping', () => commitSwap(context, operationId, staged, quiet)),
    isReverted: (operationId) => translated('looking at the data', () => isSwapReverted(context, operationId)),
    isServed: (operationId) => translated('looking at the data', () => isSwapServed(context, operationId)),
    revert: (operationId) => translated('putting data back', () => revertSwap(context, operationId)),
    keepDisplaced: (operationId, until, definition) =>
      translated('keeping what was displaced', () => keepDisplaced(context, operationId, until, definition)),
    displaced: () => translated('looking at what was displaced', () => listDisplaced(context)),
    dropDisplaced: (now, held = []) =>
      translated('dropping what was displaced', () => dropDisplaced(context, now, held)),
    beginInPlace: (operationId, parts, quiet) =>
      translated('marking what is written in place', async () => {
        await endPrograms(workFolder(operationId)); // one of them may be writing there
        return beginInPlace(context, operationId, parts, quiet);
      }),
    endInPlace: (operationId, stands) =>
      translated('ending to write in place', () => endInPlace(context, operationId, stands)),
    inPlace: (operationId) => translated('looking at the data', () => readInPlace(context, operationId)),
    makeScratch: (operationId, parts) => translated('making room', () => makeScratch(context, operationId, parts)),
    runChecks: (operationId, _scratch, into, effect = {}) =>
      translated('running checks', () => runChecks({ context, run, operationId, folder: into }, effect)),
    countAtCut: (operationId, moment, into, effect = {}) =>
      translated('counting', () => countAtCut({ context, run, operationId, folder: into }, moment, effect)),
    release: (operationId) =>
      translated('releasing', async () => {
        await endPrograms(workFolder(operationId));
        await doAll([
          () => dropSnapshots(context, operationId),
          () => releaseStage(context, operationId),
          () => releaseScratch(context, operationId),
          () =>
            context.lock.hold(async () => {
              await forgetInPlace(context, operationId);
              await forgetTakeOver(context, (marked) => marked === operationId);
            }),
        ]);
      }),
  };
}
