import { z } from 'zod';
import type { PrepareProgram, RunProgram } from '../program.ts';
import type { Counted } from '../records/counted.ts';
import type { Progress } from '../records/operation.ts';
import type { BackupPlan, PartPlan } from '../records/plan.ts';
import { moment } from '../records/time.ts';
import type { Inspection } from './inspection.ts';
import type { Snapshot, Stillness } from './snapshot.ts';
import type { Stray } from './stray.ts';
import type { StagedPart, Swaps } from './swaps.ts';
import type { VendorBackups } from './vendor-backups.ts';

/** What ran before services were stopped. Kept by us and, by the platform, on the stopped objects themselves. */
export const runningNote = z.object({
  operationId: z.string(),
  notedAt: moment,
  services: z.array(z.object({ name: z.string(), ready: z.boolean() })),
});
export type RunningNote = z.infer<typeof runningNote>;

/** Proof that services were stopped in this very quiet time; parts of two quiet times never mix. */
export const quiet = z.object({
  operationId: z.string(),
  token: z.string(),
  stoppedAt: moment,
  /** By part, who had to be killed: what such a program had not written out is lost. One half sentence each. */
  killed: z.record(z.string(), z.array(z.string())).optional(),
});
export type Quiet = z.infer<typeof quiet>;

export const definitionFile = z.object({ path: z.string(), sha256: z.string(), release: z.string() });
export type DefinitionFile = z.infer<typeof definitionFile>;

export const started = z.object({ readyAt: moment, services: z.array(z.string()) });
export type Started = z.infer<typeof started>;

export type CountMoment = 'before' | 'after';

/** What becomes of people's workloads that run at the stop: waited for, up to so many milliseconds, and then. */
export const workloadsWish = z.object({
  waitForMs: z.number().nonnegative(),
  otherwise: z.enum(['stop', 'put-off']),
});
export type WorkloadsWish = z.infer<typeof workloadsWish>;

export interface EffectOptions {
  readonly signal?: AbortSignal;
}

/**
 * One workspace on one platform. Every method is idempotent for the same operation id: it may have been called before
 * and died at any point. Methods reject with `PortError`, `OperationError` or `ServicesDownError`, nothing else expected.
 */
export interface WorkspacePlatform extends Swaps {
  /**
   * How parts are cut, how restored data comes in, where programs that read it run. Where the cut is `whole`, the platform
   * itself stops and starts services in the course of `snapshot`: `stop` only looks whether that may begin, and what was
   * begun is followed to its end by every later life, by the same calls.
   */
  readonly capabilities: {
    readonly cut: 'per-part' | 'whole';
    readonly swap: 'claims' | 'rename' | 'none';
    readonly reader: 'job' | 'child' | 'none';
  };
  /** Backups that a vendor's service makes and keeps by itself; absent where there is none. */
  readonly vendor?: VendorBackups;
  /** Runs a program where the data can be read. */
  readonly run: RunProgram;
  readonly prepare: PrepareProgram;
  /**
   * Looks, changes nothing. With `count`, files and bytes of every part are counted, else they are 0; with `since`, also
   * the files changed after that moment (ISO 8601); with `toRestore`, what the
   * workspace itself keeps from starting is told in `broken` instead of refused, and once that is `approved`, permissions
   * that a restore takes are looked at too.
   * @throws OperationError `preflight-failed` naming everything that nobody should begin with.
   */
  inspect(
    options?: EffectOptions & {
      readonly count?: boolean;
      readonly since?: string;
      readonly toRestore?: 'asked' | 'approved';
    },
  ): Promise<Inspection>;

  /** Writes what makes the workspace run into `folder` (mode 0600, it may hold secrets). The same every time. */
  captureDefinition(folder: string): Promise<DefinitionFile>;
  /**
   * Makes a captured definition the present one. Services pick it up when started. One `fromBackup` may get programs of a
   * newer release, where one is configured; any other comes back as it was captured.
   */
  applyDefinition(path: string, options?: { readonly fromBackup?: boolean }): Promise<void>;

  /**
   * Records what runs, durably and on the stopped objects themselves, before anything is stopped. An existing record of
   * this operation is answered as it is, never overwritten. With `toRestore` what the workspace itself keeps from starting
   * again is no reason to refuse.
   * @throws OperationError `plan-changed` when another operation's record stands.
   */
  noteRunning(operationId: string, options?: { readonly toRestore?: boolean }): Promise<RunningNote>;
  /** The record that stands now, if any: what `cml start` and the guard work from. */
  readNote(): Promise<RunningNote | undefined>;

  /**
   * Arms the dead man's switch: at `actsAt` something that outlives this process starts what the note names, putting
   * data back first when it is in the middle of a swap, and with it the definition at `putBack`, when one is given; if it
   * cannot, it starts nothing and pages. Armed again by the same operation, the newer time and definition count.
   */
  armGuard(note: RunningNote, actsAt: string, putBack?: DefinitionFile): Promise<void>;
  disarmGuard(operationId: string): Promise<void>;
  /**
   * Before services are started by hand: a swap that never served goes back, as the guard would do it, from what the
   * platform itself holds; no journal is needed. Does nothing while a noted service runs, or where others moved the data:
   * then `start` decides. Answers the operations whose data was put back.
   * @throws OperationError `unknown-data` while parts are written in place, `swap-failed`.
   */
  putBack(note: RunningNote): Promise<string[]>;

  /**
   * Stops the noted services in order and waits until each is gone. When it rejects, some may be stopped. `workloads`
   * replaces what is configured for people's workloads; services are up while they are waited for.
   * @throws OperationError `service-will-not-stop` naming the service; `put-off` naming workloads, with nothing stopped.
   */
  stop(note: RunningNote, options?: EffectOptions & { readonly workloads?: WorkloadsWish | undefined }): Promise<Quiet>;
  /**
   * Rejects unless this quiet time still holds: nothing was started since, no other process has a file of a part open
   * for writing, wherever it runs.
   * @throws OperationError `not-quiet` naming who writes.
   */
  proveQuiet(quiet: Quiet, parts: readonly PartPlan[]): Promise<void>;
  /**
   * Starts what the note names, in reverse order; waits for readiness of what was ready. Clears the note when all is up.
   * Refuses on data of unknown state: every part must be wholly the previous or wholly the committed one.
   * @throws OperationError `unknown-data`, `service-will-not-start`; both leave the note standing.
   */
  start(note: RunningNote, options?: EffectOptions): Promise<Started>;

  /**
   * Has ready, while services still run, what `snapshot` takes: some storage takes none of a volume that nobody uses. `start`
   * lets go of it, `release` too. Called again, it is made anew. Does nothing where nothing has to be ready.
   * @throws PortError `platform-unavailable` when it cannot be had.
   */
  prepareCut(operationId: string, plan: BackupPlan, options?: EffectOptions): Promise<void>;
  /**
   * Makes snapshots of the parts planned as `snapshot`, named after the operation. A snapshot's instant is the storage's own.
   * Where the cut is `whole`, it takes the parts planned as `vendor` too, and answers when the platform calls that finished;
   * what it began is called off when `signal` is aborted or the plan's budget is used up. Called again by a later life, it
   * follows what the one before began.
   * @throws OperationError `over-budget`, `step-failed` with what the platform says of a cut that it did not finish.
   */
  snapshot(
    operationId: string,
    plan: BackupPlan,
    quiet: Quiet,
    options?: EffectOptions & { readonly onProgress?: (progress: Progress) => void },
  ): Promise<Snapshot[]>;
  /**
   * Only where the cut is `whole`: resolves once services are down in the course of `snapshot`, or once it is sure that
   * waiting longer would not prove that.
   */
  awaitStill?(quiet: Quiet, options?: EffectOptions): Promise<Stillness>;
  /**
   * Reads every attribute of a slow tree in parallel so that a walk after it is quick. Does nothing where reading
   * attributes is quick. Call only while quiet.
   */
  warmUp(operationId: string, parts: readonly PartPlan[], folder: string, options?: EffectOptions): Promise<void>;

  /**
   * Makes empty places for the parts of a backup that is only looked at, away from everything live.
   * @throws OperationError `preflight-failed` when there is no room for them.
   */
  makeScratch(
    operationId: string,
    parts: readonly { readonly name: string; readonly bytes: number }[],
  ): Promise<StagedPart[]>;
  /**
   * Has those of the workspace's own checks that count something count it in the live workspace, while services are up:
   * just before they stop, and just after they are up again. Changes nothing. What cannot be counted is told in `problem`.
   * Takes little time: people wait for the stop.
   */
  countAtCut(operationId: string, moment: CountMoment, folder: string, options?: EffectOptions): Promise<Counted[]>;
  /**
   * Runs the workspace's own checks on parts in scratch places; answers what each of them counted there.
   * @throws OperationError `check-failed` naming the check and what it said.
   */
  runChecks(
    operationId: string,
    scratch: readonly StagedPart[],
    folder: string,
    options?: EffectOptions,
  ): Promise<Counted[]>;

  /**
   * What carries our name where the workspace stands, with the operation that made it: the caller knows which of them are
   * over. Never what people may still want back, what a swap has its hand on, nor what services that are down will need.
   * Absent where nothing can be left behind unseen.
   */
  strays?(): Promise<readonly Stray[]>;
  /** Removes the strays of these operations, all of which are over. */
  removeStrays?(operationIds: readonly string[]): Promise<void>;

  /**
   * Removes everything this operation made that is not needed any more: snapshots, staged places, running programs.
   * Never anything of a swap that is neither wholly committed nor wholly reverted.
   */
  release(operationId: string): Promise<void>;
}
