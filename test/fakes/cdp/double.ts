import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Calls, createCalls } from './calls.ts';
import { createFaults, type Faults } from './faults.ts';
import { type Credentials, createKeys, type Keys } from './keys.ts';
import { ACCOUNT } from './names.ts';
import { startServer } from './server.ts';
import { beginBackup, beginLifecycle } from './stories.ts';
import type { Withdrawn } from './withdrawn.ts';
import type { Workflow, Workflows } from './workflows.ts';
import {
  addBackup,
  addWorkspace,
  type Backup,
  checksumOf,
  createWorld,
  type Habits,
  type Workspace,
  type WorkspaceOptions,
} from './world.ts';

export interface DoubleOptions {
  /** Default: `ml-prod` in `env-1`. */
  readonly workspaces?: readonly WorkspaceOptions[];
  /**
   * How long a minute lasts, in milliseconds; default 1000. A backup takes 0.8 minutes: 0.1 while services stop, 0.6 while
   * they are down, 0.1 while they start. Time-outs are counted in the same minutes.
   */
  readonly minuteMs?: number;
  /** What a restored workspace gets. */
  readonly latestVersion?: string;
  /** Serves HTTPS with a certificate of a CA of its own. */
  readonly tls?: boolean;
  readonly habits?: Partial<Habits>;
}

/** What a test asks of it without a call. */
export interface WorkspaceState {
  readonly crn: string;
  readonly name: string;
  readonly status: string;
  readonly version: string;
  readonly subdomain: string;
  readonly areServicesUp: boolean;
  /** Of all that a backup of the control plane holds. */
  readonly checksum: string;
  readonly backups: readonly { readonly crn: string; readonly name: string; readonly status: string }[];
}

/**
 * A control plane that is a real HTTP server: it verifies signatures, keeps its state in memory, and takes its time, as
 * much less as `minuteMs` says. Written from what is public of the API, not from our client. Not known and made up are:
 * all state words but those of an installation, audit actions, the form of a backup's CRN, and `habits`.
 */
export interface ControlPlaneDouble {
  readonly url: string;
  /** Of the CA, when it serves HTTPS. */
  readonly caFile: string | undefined;
  /** An Ed25519 key that may do all. */
  readonly credentials: Credentials;
  readonly keys: Keys;
  readonly faults: Faults;
  readonly calls: Calls;
  /** What goes wrong with, and what holds up, work that was accepted. */
  readonly workflows: Pick<Workflows, 'all' | 'next' | 'hold' | 'running'>;
  readonly habits: Habits;
  /** Shown instead of a state word: `words.set('backup:started', 'BACKUP_IN_PROGRESS')`. */
  readonly words: Map<string, string>;
  readonly clock: { skewMs: number };
  /** The first one's, unless named. Throws when there is none of the name. */
  workspace(name?: string): Workspace;
  state(name?: string): WorkspaceState;
  addWorkspace(options: WorkspaceOptions): Promise<Workspace>;
  /** As a person does it in the vendor's own page; answers when it is over. */
  backUpByHand(backupName: string, name?: string): Promise<Backup>;
  /** An administrator brings services up again, whatever left them down; answers when they are. */
  repairByHand(name?: string): Promise<void>;
  /** As one does it in the vendor's own page; backups go with it. */
  deleteByHand(name?: string): Workflow;
  withdraw(operation: string, how?: Withdrawn): void;
  offer(operation: string): void;
  close(): Promise<void>;
}

const BY_HAND = `crn:altus:iam:us-west-1:${ACCOUNT}:user:admin@example.com`;

export async function createControlPlaneDouble(options: DoubleOptions = {}): Promise<ControlPlaneDouble> {
  const { workspaces = [{ name: 'ml-prod' }], minuteMs = 1_000, latestVersion = '2.0.53-b12' } = options;
  const world = createWorld({ minuteMs, latestVersion });
  Object.assign(world.habits, options.habits);
  const keys = createKeys(() => world.now().getTime());
  const faults = createFaults();
  const calls = createCalls();
  const withdrawn = new Map<string, Withdrawn>();
  for (const workspace of workspaces) await addWorkspace(world, workspace, BY_HAND);
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const certificate = options.tls ? await makeCertificate(folder) : undefined;
  const server = await startServer({ world, keys, faults, calls, withdrawn, tls: certificate });

  function workspaceNamed(name?: string): Workspace {
    const found = [...world.workspaces.values()].find((one) => name === undefined || one.name === name);
    if (!found) throw new Error(`the double has no workspace ${name ?? ''}`);
    return found;
  }

  return {
    ...{ url: server.url, caFile: certificate?.caFile, credentials: keys.issue(), keys, faults, calls },
    ...{ workflows: world.workflows, habits: world.habits, words: world.words, clock: world },
    workspace: workspaceNamed,
    state: (name) => stateOf(workspaceNamed(name), [...world.backups.values()]),
    addWorkspace: (added) => addWorkspace(world, added, BY_HAND),
    async backUpByHand(backupName, name) {
      const workspace = workspaceNamed(name);
      const backup = addBackup(world, workspace, backupName, BY_HAND);
      await beginBackup(world, workspace, backup, { requestId: backup.crn }).ended;
      return backup;
    },
    async repairByHand(name) {
      await beginLifecycle(world, workspaceNamed(name), 'resume', { requestId: 'by hand' }).ended;
    },
    deleteByHand: (name) => beginLifecycle(world, workspaceNamed(name), 'deprovision', { requestId: 'by hand' }),
    withdraw: (operation, how = 'plain') => void withdrawn.set(operation, how),
    offer: (operation) => void withdrawn.delete(operation),
    async close() {
      world.workflows.close();
      await server.close();
      for (const { services } of world.workspaces.values()) await services.down();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function stateOf(workspace: Workspace, backups: readonly Backup[]): WorkspaceState {
  const { crn, name, environment, status, version, subdomain, services, content } = workspace;
  const own = backups.filter((backup) => backup.workspaceName === name && backup.environment === environment);
  return {
    ...{ crn, name, status, version, subdomain, areServicesUp: services.areUp, checksum: checksumOf(content) },
    backups: own.map((backup) => ({ crn: backup.crn, name: backup.name, status: backup.status })),
  };
}

/** A CA, and a certificate of it for 127.0.0.1. */
async function makeCertificate(folder: string) {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const ca = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Private CA'];
  await execa('openssl', ['req', '-x509', ...key, ...ca]);
  const own = ['-keyout', at('own.key'), '-out', at('own.pem'), '-subj', '/CN=127.0.0.1'];
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'subjectAltName=IP:127.0.0.1'];
  await execa('openssl', ['req', '-x509', ...key, ...own, ...signer]);
  const read = (name: string) => readFile(at(name), 'utf8');
  return { key: await read('own.key'), cert: await read('own.pem'), caFile: at('ca.pem') };
}
