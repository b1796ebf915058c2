import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { LocalSettings } from './settings.ts';
import type { StateLock } from './state-lock.ts';

/** What everything in this room works with: one workspace on this machine. Made by the server and by its guard. */
export interface LocalContext {
  readonly workspace: string;
  readonly settings: LocalSettings;
  /** The platform's own state of this workspace. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly lock: StateLock;
  /** The guard may act while the guard acts; everyone else waits for it. */
  readonly isGuard: boolean;
}

export const stateFiles = {
  note: (folder: string) => join(folder, 'running.json'),
  quiet: (folder: string) => join(folder, 'quiet.json'),
  service: (folder: string, name: string) => join(folder, 'services', `${name}.json`),
  serviceLog: (folder: string, name: string) => join(folder, 'services', `${name}.log`),
  swap: (folder: string, operationId: string) => join(folder, `swap-${operationId}.json`),
  displaced: (folder: string) => join(folder, 'displaced.json'),
  displacedDefinition: (folder: string, operationId: string) =>
    join(folder, `displaced-definition-${operationId}.json`),
  inPlace: (folder: string) => join(folder, 'in-place.json'),
  snapshots: (folder: string, operationId: string) => join(folder, `snapshots-${operationId}.json`),
  guardOrder: (folder: string) => join(folder, 'guard.json'),
  guardAnswer: (folder: string) => join(folder, 'guard-answer.json'),
  guardLog: (folder: string) => join(folder, 'guard.log'),
  ballast: (folder: string) => join(folder, 'ballast'),
  takenOver: (folder: string) => join(folder, 'taken-over.json'),
};
