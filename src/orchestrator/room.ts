import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import { writeKind } from '../chat/messages/words.ts';
import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { DataMover } from '../mover/mover.ts';
import { suggest } from '../nearest.ts';
import type { RetryDelays } from '../operation/retry.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { NewId } from '../records/ids.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import type { Fired, Scheduled } from '../schedule/schedule.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { tellStory } from './stories.ts';
import { noUpkeep, type Upkeep } from './upkeep.ts';

/** Everything the door is given by `main`. */
export interface OrchestratorWorld {
  readonly catalog: Catalog;
  readonly chat: Chat;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: NewId;
  readonly delays: RetryDelays;
  readonly workspaces: Readonly<Record<string, WorkspaceSettings>>;
  /** What happens unasked, as configured now. Absent: nothing does. */
  upkeep?(): Upkeep;
  /** False for a server that a word started for itself: nothing starts it again after the machine was. */
  readonly isResident?: boolean;
  /** Does what a schedule declares, for one of its slots or because a person asked. Absent: schedules never begin. */
  fire?(schedule: Scheduled, slotAt: Date, person: Person): Promise<Fired>;
  /**
   * Makes `workspaces` what the configuration says now. Call before acting on what was approved a while ago: nobody may
   * have said a word since the file was edited.
   * @throws ConfigError when it is not in order.
   */
  refreshWorkspaces(): Promise<void>;
  /**
   * Ports of a workspace, from the settings given: an operation's own copy, or the present ones. With `near`, what its mover
   * runs is run where that other workspace's data is.
   */
  portsFor(
    settings: WorkspaceSettings,
    near?: WorkspaceSettings,
  ): { readonly platform: WorkspacePlatform; readonly mover: DataMover };
  /** Of those who are named as approvers, groups too, the people who may decide now. Without it groups are empty. */
  approversNow?(approvers: readonly string[]): Promise<string[]>;
  /** The folder that holds the operations' own folders. */
  readonly workFolder: string;
  /** Called for what nobody expected: the process must end, the journal makes that safe. */
  onBug(error: unknown): void;
}

/** What the verbs share: the world and what runs now. */
export interface Room {
  readonly world: OrchestratorWorld;
  runningIn(workspace: string): RunningOperation | undefined;
  /** Those whose end does not stand on record yet. */
  running(): readonly RunningOperation[];
  /** Nothing runs, and of what ended everybody was told. */
  isIdle(): boolean;
  settingsOf(workspace: string): WorkspaceSettings;
  /** What happens unasked, as configured now. */
  upkeep(): Upkeep;
  /** Nothing runs there, and nothing short is done. */
  isFree(workspace: string): boolean;
  /** @throws UserError `workspace-busy` naming the operation that runs. */
  refuseWhenBusy(workspace: string): void;
  /** @throws UserError `not-allowed`. */
  requireOperator(person: Person, settings: WorkspaceSettings): void;
  /** Claims the workspace, saves the operation and runs it; also takes up one that an earlier life left open. */
  launch(operation: Operation, options?: { readonly isSaved?: boolean }): Promise<RunningOperation>;
  /**
   * Keeps others out of a workspace while something short is done in it. With `besideTold` also where an operation has
   * ended and only waits for room to write that down. @throws UserError `workspace-busy`.
   */
  claim<T>(workspace: string, label: string, work: () => Promise<T>, options?: Beside): Promise<T>;
  /** Nothing is launched any more. */
  close(): void;
  /** Called after every end of an operation or a claim, so that whoever waited for the workspace gets its turn. */
  onEnd(listener: (workspace: string, operation?: Operation) => void): void;
  folderOf(id: string): Promise<string>;
}

interface Beside {
  readonly besideTold?: boolean;
}

export function createRoom(world: OrchestratorWorld): Room {
  /** By their ids, until nothing is left to do for them. */
  const launched = new Map<string, RunningOperation>();
  const claimed = new Map<string, string>();
  const listeners: ((workspace: string, operation?: Operation) => void)[] = [];
  let isClosing = false;

  async function folderOf(id: string): Promise<string> {
    const folder = join(world.workFolder, id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  const running = () => [...launched.values()].filter((one) => !one.isOver());
  const runningIn = (workspace: string) => running().find((one) => one.operation().workspace === workspace);

  function refuseWhenBusy(workspace: string, { besideTold = false }: Beside = {}): void {
    const first = runningIn(workspace)?.operation();
    const other = besideTold && first?.status !== 'running' ? undefined : first;
    const id = other?.id ?? claimed.get(workspace);
    if (id === undefined) return;
    if (other && other.status !== 'running') {
      const what = `the ${writeKind(other.kind)} ${id}`;
      throw new UserError('workspace-busy', `${workspace} is busy: the end of ${what} could not be written yet.`, {
        hint: 'Make room on the file system that holds the data folder, then say it again in half a minute.',
      });
    }
    throw new UserError(
      'workspace-busy',
      `${workspace} is busy with ${other ? `the ${writeKind(other.kind)} ` : ''}${id}.`,
      {
        hint: id.startsWith('op_') ? `Follow it with: cml status ${id}` : 'Say it again in a moment.',
      },
    );
  }

  async function end(operation: Operation): Promise<void> {
    launched.delete(operation.id);
    // A failed operation's output is what its operator looks at; secrets do not stay behind in either case, unless
    // services are down: then the guard may still have to put the definition back.
    if (operation.error?.code === 'services-still-down') return announceEnd(operation.workspace, operation);
    const folder = join(world.workFolder, operation.id);
    const leftovers =
      operation.status === 'succeeded'
        ? [folder]
        : ['manifest', 'definition', 'definition.partial', 'present'].map((name) => join(folder, name));
    for (const place of leftovers) {
      await rm(place, { recursive: true, force: true }).catch((cause: unknown) =>
        world.log.warn({ place, cause: String(cause) }, 'an operation’s folder could not be removed'),
      );
    }
    announceEnd(operation.workspace, operation);
  }

  function announceEnd(workspace: string, operation?: Operation): void {
    for (const listener of listeners) listener(workspace, operation);
  }

  async function launch(operation: Operation, options: { readonly isSaved?: boolean } = {}): Promise<RunningOperation> {
    if (isClosing)
      throw new UserError('server-unavailable', 'The server is ending.', { hint: 'Say it again in a moment.' });
    if (!options.isSaved) refuseWhenBusy(operation.workspace);
    claimed.set(operation.workspace, operation.id);
    try {
      if (!options.isSaved) await world.catalog.operations.save(operation);
      const started = tell(operation, world, await folderOf(operation.id));
      launched.set(operation.id, started);
      started.closed
        .then(({ isLeftOpen }) => (isLeftOpen ? takeUpAgain(operation.id) : end(started.operation())))
        .catch(world.onBug);
      return started;
    } finally {
      if (claimed.get(operation.workspace) === operation.id) claimed.delete(operation.workspace);
    }
  }

  /** What its life could not remove while the disk was full. It keeps its workspace until then. */
  async function takeUpAgain(id: string): Promise<void> {
    const open = await world.catalog.operations.get(id);
    if (!open || isClosing) return;
    const { endedAt: _endedAt, error: _error, outcome: _outcome, ...begun } = open;
    await launch({ ...begun, status: 'running' }, { isSaved: true });
  }

  return {
    world,
    upkeep: () => world.upkeep?.() ?? noUpkeep,
    runningIn,
    running,
    isIdle: () => launched.size === 0,
    isFree: (workspace) => runningIn(workspace) === undefined && !claimed.has(workspace),
    refuseWhenBusy: (workspace) => refuseWhenBusy(workspace),
    folderOf,
    onEnd: (listener) => void listeners.push(listener),
    settingsOf(workspace) {
      // Whoever says "constructor" means no workspace.
      const settings = Object.hasOwn(world.workspaces, workspace) ? world.workspaces[workspace] : undefined;
      if (settings) return settings;
      const known = Object.keys(world.workspaces);
      throw new UserError('unknown-workspace', `There is no workspace "${workspace}".`, {
        hint: suggest(workspace, known, known.length > 0 ? `Known: ${known.join(', ')}.` : 'None is configured.'),
      });
    },
    requireOperator(person, { name, policy }) {
      // What is scheduled stands in the configuration, as operators do.
      if (person.proof === 'schedule') return;
      if (!policy.operators || policy.operators.includes(person.name)) return;
      throw new UserError('not-allowed', `${person.name} may not do that with ${name}.`, {
        hint: `Operators: ${policy.operators.join(', ')}.`,
      });
    },
    close: () => {
      isClosing = true;
    },
    async claim(workspace, label, work, options) {
      refuseWhenBusy(workspace, options);
      claimed.set(workspace, label);
      try {
        return await work();
      } finally {
        if (claimed.get(workspace) === label) claimed.delete(workspace);
        announceEnd(workspace);
      }
    },
    launch,
  };
}

function tell(operation: Operation, world: OrchestratorWorld, folder: string): RunningOperation {
  const { clock, chat, log, delays, catalog } = world;
  const moverFor = (settings: WorkspaceSettings) => world.portsFor(settings, operation.settings).mover;
  const ports = { ...world.portsFor(operation.settings), catalog, chat, moverFor };
  return tellStory(operation, ports, { clock, chat, log, delays, folder, operations: catalog.operations });
}
