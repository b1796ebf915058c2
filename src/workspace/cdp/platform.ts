import type { Clock } from '../../clock.ts';
import { doAll } from '../../do-all.ts';
import type { Log } from '../../log.ts';
import type { WorkspacePlatform } from '../platform.ts';
import { translated } from '../system-error.ts';
import type { ControlPlane } from './client/control-plane.ts';
import { applyDefinition, captureDefinition } from './definition.ts';
import { armGuard, disarmGuard } from './guard.ts';
import { inspectWorkspace } from './inspect.ts';
import { noteRunning, readNote } from './note.ts';
import { forgetAsked } from './own-backup.ts';
import { forgetRestore } from './restore-record.ts';
import type { CdpSettings } from './settings.ts';
import { awaitUp } from './start.ts';
import { awaitStill, proveStill } from './still.ts';
import { beginQuiet } from './stop.ts';
import { takeCut } from './take-cut.ts';
import { createVendorBackups } from './vendor-backups.ts';

export interface CdpPlatformOptions {
  readonly workspace: string;
  readonly settings: CdpSettings;
  /** Absolute; our own state of this workspace. */
  readonly folder: string;
  readonly controlPlane: ControlPlane;
  /** Looks after the external folders, as a workspace of their own that has no services. */
  readonly files: WorkspacePlatform;
  readonly clock: Clock;
  readonly log: Log;
  /** What starts the guard, such as `[process.execPath, '<dist>/src/workspace/cdp/guard-main.js']`. */
  readonly guardProgram: readonly string[];
  /** Gets a sentence on its standard input and CML_URGENT=1 in its environment when services stay down. */
  readonly pageCommand?: readonly string[];
  /** The variables that the login stands in, for the guard; none where it stands in files. */
  readonly loginEnvironment: Readonly<Record<string, string>>;
}

/** A workspace that its vendor's control plane backs up, with the external folders that it leaves to others. */
export function createCdpPlatform(options: CdpPlatformOptions): WorkspacePlatform {
  const { guardProgram, pageCommand, loginEnvironment, ...context } = options;
  const { files } = context;
  const arming = { context, guardProgram, pageCommand, loginEnvironment };
  return {
    ...files,
    capabilities: { cut: 'whole', swap: 'none', reader: 'child' },
    inspect: (wish = {}) => translated('looking at the workspace', () => inspectWorkspace(context, wish)),
    captureDefinition: (into) => translated('writing the definition', () => captureDefinition(context, into)),
    applyDefinition: (path) => translated('reading the definition', () => applyDefinition(path)),
    noteRunning: (operationId) => translated('noting what runs', () => noteRunning(context, operationId)),
    readNote: () => translated('reading what ran', () => readNote(context)),
    armGuard: (note, actsAt) => translated('arming the guard', () => armGuard(arming, note, actsAt)),
    disarmGuard: (operationId) => translated('disarming the guard', () => disarmGuard(context, operationId)),
    putBack: async () => [],
    stop: (note, effect = {}) =>
      translated('looking whether a backup may begin', () => beginQuiet(context, note, effect)),
    proveQuiet: (quiet, parts) => translated('looking for the database', () => proveStill(context, quiet, parts)),
    start: (note, effect = {}) => translated('waiting for the workspace', () => awaitUp(context, note, effect)),
    snapshot: (operationId, plan, quiet, effect = {}) =>
      translated('having a backup made', () => takeCut(context, operationId, plan, quiet, effect)),
    awaitStill: (quiet, effect = {}) =>
      translated('looking for the database', () => awaitStill(context, quiet, effect)),
    warmUp: (operationId, parts, into, effect = {}) =>
      files.warmUp(
        operationId,
        parts.filter(({ kind }) => kind !== 'vendor'),
        into,
        effect,
      ),
    vendor: createVendorBackups(context),
    release: (operationId) =>
      translated('releasing', () =>
        doAll([
          () => files.release(operationId),
          () => forgetAsked(context, operationId),
          () => forgetRestore(context, operationId),
        ]),
      ),
  };
}
