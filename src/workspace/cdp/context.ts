import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { WorkspacePlatform } from '../platform.ts';
import type { ControlPlane } from './client/control-plane.ts';
import type { CdpSettings } from './settings.ts';

/** What everything in this room works with: one workspace of one control plane. */
export interface CdpContext {
  readonly workspace: string;
  readonly settings: CdpSettings;
  /** Our own state of this workspace. */
  readonly folder: string;
  readonly controlPlane: ControlPlane;
  /** The external folders as a workspace of their own, without services: all that is done with files is done by it. */
  readonly files: WorkspacePlatform;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the guard has of it: it sees what the control plane says, and touches no file but its own. */
export type CdpSight = Omit<CdpContext, 'files'>;

export const stateFiles = {
  note: (folder: string) => join(folder, 'running.json'),
  restore: (folder: string, operationId: string) => join(folder, `restore-${operationId}.json`),
  /** The CRN that the workspace got when it was restored, and the one before. */
  moved: (folder: string) => join(folder, 'moved.json'),
  guardOrder: (folder: string) => join(folder, 'guard.json'),
  guardAnswer: (folder: string) => join(folder, 'guard-answer.json'),
  guardLog: (folder: string) => join(folder, 'guard.log'),
  asked: (folder: string, operationId: string) => join(folder, `asked-${operationId}.json`),
};
