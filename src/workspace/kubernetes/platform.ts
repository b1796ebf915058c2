import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Program, RunProgram } from '../../program.ts';
import type { WorkspacePolicy } from '../../records/workspace.ts';
import type { WorkspacePlatform } from '../platform.ts';
import { applyDefinition } from './apply-definition.ts';
import { captureDefinition } from './capture-definition.ts';
import type { Cluster } from './cluster.ts';
import { asRestorer, type KubeContext } from './context.ts';
import { countAtCut } from './count-rows.ts';
import { dropDisplaced, keepDisplaced, listDisplaced } from './displaced.ts';
import { armGuard, disarmGuard } from './guard.ts';
import { holdAttached } from './hold-attached.ts';
import { beginInPlace, endInPlace, readInPlace } from './in-place.ts';
import { createLazyCluster } from './lazy-cluster.ts';
import { lookAt } from './look.ts';
import { makeSnapshots } from './make-snapshots.ts';
import { placeOf } from './names.ts';
import { noteRunning, readNote } from './note.ts';
import { createJobPreparer } from './prepare-job.ts';
import { putBackByHand } from './put-back-by-hand.ts';
import { proveQuiet } from './quiet.ts';
import { releaseOperation } from './release-operation.ts';
import { createRestoringCluster } from './restoring-cluster.ts';
import { createJobRunner } from './run-job.ts';
import { makeScratch, runChecks } from './scratch.ts';
import type { KubernetesSettings } from './settings.ts';
import { stageWishes } from './stage.ts';
import { startServices } from './start-services.ts';
import { stopServices } from './stop-services.ts';
import { dropStrays, listStrays } from './strays.ts';
import { commitSwap, isSwapReverted, isSwapServed, revertSwap } from './swap.ts';
import { translated } from './translated.ts';
import { stageDisplaced } from './undo.ts';

export interface KubernetesPlatformOptions {
  readonly workspace: string;
  readonly settings: KubernetesSettings;
  readonly policy: WorkspacePolicy;
  /** Of movers and guards where the settings name none. */
  readonly image: string;
  /** Where looks at the workspace keep the output of their programs. */
  readonly folder: string;
  /** Runs what needs no part of the workspace. */
  readonly runHere: RunProgram;
  readonly clock: Clock;
  readonly log: Log;
  /** What the guard's container runs, such as `['node', '<app>/dist/src/workspace/kubernetes/guard-main.js']`. */
  readonly guardProgram: readonly string[];
  readonly pageCommand?: readonly string[];
  /** Tells what this process looks with from what an earlier one left. Absent: one for the whole process. */
  readonly life?: string;
  /** Absent: the one that the settings name. */
  readonly cluster?: Cluster;
  /** The same as the account that restores. Absent: as the settings say. */
  readonly restoreCluster?: Cluster;
}

export function createKubernetesPlatform(options: KubernetesPlatformOptions): WorkspacePlatform {
  const { workspace, settings, policy, folder, runHere, clock, log, guardProgram, pageCommand } = options;
  const { kubeconfig, context: kubeContext, namespace = workspace, movers } = settings;
  const cluster = options.cluster ?? createLazyCluster({ kubeconfig, context: kubeContext, log });
  const image = movers.image ?? options.image;
  const context: KubeContext = {
    ...{ workspace, namespace, settings, policy, cluster, clock, log, runHere, image, folder },
    restoring: createRestoringCluster(cluster, restorerOf(options, cluster)),
  };
  const restoring = asRestorer(context);
  const run = createJobRunner(context);
  const runRestoring = createJobRunner(restoring);
  const prepare = createJobPreparer(context);
  const looks = { folder, ...(options.life === undefined ? {} : { life: options.life }) };
  const arming = { context, guardProgram, pageCommand };
  return {
    capabilities: { cut: 'per-part', swap: 'claims', reader: 'job' },
    run: (program, wish) =>
      translated(`running ${program.key}`, () => (writesLive(program) ? runRestoring : run)(program, wish)),
    prepare: (program, wish) => translated(`preparing ${program.key}`, () => prepare(program, wish)),
    inspect: (wish = {}) => translated('looking at the workspace', () => lookAt(context, { run, ...looks }, wish)),
    captureDefinition: (into) => translated('reading the definition', () => captureDefinition(context, into)),
    applyDefinition: (path, wish) => translated('writing the definition', () => applyDefinition(restoring, path, wish)),
    noteRunning: (operationId, wish) => translated('noting what runs', () => noteRunning(context, operationId, wish)),
    readNote: () => translated('reading what ran', () => readNote(context)),
    armGuard: (note, actsAt, putBack) => translated('arming the guard', () => armGuard(arming, note, actsAt, putBack)),
    disarmGuard: (operationId) => translated('disarming the guard', () => disarmGuard(context, operationId)),
    putBack: (note) => translated('putting data back', () => putBackByHand(context, note)),
    stop: (note, effect = {}) => translated('stopping services', () => stopServices(context, note, effect)),
    proveQuiet: (quiet, parts) => translated('looking for writers', () => proveQuiet(context, quiet, parts)),
    start: (note, effect = {}) => translated('starting services', () => startServices(context, note, effect)),
    prepareCut: (operationId, plan, effect = {}) =>
      translated('preparing the cut', () => holdAttached(context, operationId, plan, effect)),
    snapshot: (operationId, plan, quiet, effect = {}) =>
      translated('making snapshots', () => makeSnapshots(context, operationId, plan, quiet, effect)),
    // Caches of attributes belong to a pod: the Job that reads a slow share walks it first itself.
    warmUp: async () => undefined,
    stage: (operationId, wishes) => translated('staging', () => stageWishes(restoring, operationId, wishes)),
    stageDisplaced: (operationId, fromOperationId) =>
      translated('looking at what was displaced', () => stageDisplaced(restoring, operationId, fromOperationId)),
    commit: (operationId, staged, quiet) =>
      translated('swapping', () => commitSwap(restoring, operationId, staged, quiet)),
    isReverted: (operationId) => translated('looking at the data', () => isSwapReverted(context, operationId)),
    isServed: (operationId) => translated('looking at the data', () => isSwapServed(context, operationId)),
    revert: (operationId) => translated('putting data back', () => revertSwap(restoring, operationId)),
    keepDisplaced: (operationId, until, definition) =>
      translated('keeping what was displaced', () => keepDisplaced(restoring, operationId, until, definition)),
    displaced: () => translated('looking at what was displaced', () => listDisplaced(context)),
    dropDisplaced: (now, held = []) =>
      translated('dropping what was displaced', () => dropDisplaced(restoring, now, held)),
    beginInPlace: (operationId, parts, quiet) =>
      translated('marking what is written in place', () => beginInPlace(restoring, operationId, parts, quiet)),
    endInPlace: (operationId, stands) =>
      translated('ending to write in place', () => endInPlace(restoring, operationId, stands)),
    inPlace: (operationId) => translated('looking at the data', () => readInPlace(context, operationId)),
    makeScratch: (operationId, parts) => translated('making room', () => makeScratch(context, operationId, parts)),
    runChecks: (operationId, scratch, into, effect = {}) =>
      translated('running checks', () => runChecks(context, run, operationId, scratch, into, effect)),
    countAtCut: (operationId, moment, _into, effect = {}) =>
      translated('counting rows', () => countAtCut(context, operationId, moment, effect)),
    strays: () => translated('looking for what was left behind', () => listStrays(context)),
    removeStrays: (operationIds) =>
      translated('removing what was left behind', () => dropStrays(context, operationIds)),
    release: (operationId) => translated('releasing', () => releaseOperation(context, operationId)),
  };
}

/** Logs in with its first request. */
function restorerOf({ settings, restoreCluster, log }: KubernetesPlatformOptions, own: Cluster): Cluster {
  const { kubeconfig, context, restoreAccount: account } = settings;
  if (restoreCluster !== undefined) return restoreCluster;
  return account === undefined ? own : createLazyCluster({ kubeconfig, context, log, account });
}

/** A mover that writes into what is live, or beside it on a file server: nothing but a restore does. */
function writesLive({ needs }: Program): boolean {
  const lives = (needs?.places ?? []).filter(({ access }) => access === 'write').map(({ path }) => placeOf(path));
  return lives.some((found) => found?.place.life === 'live' || found?.place.life === 'beside');
}
