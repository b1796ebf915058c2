import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { UndoPlan } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import { makeUndoPlan } from '../restore/undo-plan.ts';
import type { Displaced } from '../workspace/swaps.ts';
import { ask } from './ask.ts';
import { findOperation } from './find.ts';
import { restoreInput, undoInput } from './inputs.ts';
import { refuseOverBudget } from './request-restore.ts';
import type { Room } from './room.ts';

export interface UndoWish {
  /** The restore or undo whose displaced data comes back, or a workspace: its newest one. */
  readonly operation: string;
  readonly reason?: string | undefined;
  readonly noticeMs?: number | undefined;
  /** The workspace's name, repeated by the person. */
  readonly confirm?: string | undefined;
}

/** What an undo would do to the workspace as it stands now. Counting takes long; the digest needs none of it. */
export async function planUndo(room: Room, wanted: string, { count = true } = {}): Promise<UndoPlan> {
  const { settings, kept, operation } = await findDisplaced(room, wanted);
  const { platform } = room.world.portsFor(settings);
  const { backupId, hadDefinition, downtimeMs } = whatItDid(operation);
  if (hadDefinition && !kept.definition) {
    throw new UserError('nothing-to-do', `The definition that ${operation.id} displaced was not kept.`, {
      hint: `Restore from a backup instead: cml list ${operation.workspace}`,
    });
  }
  const displacedAt = operation.endedAt ?? operation.startedAt;
  const inspection = await platform.inspect({
    toRestore: 'asked',
    ...(count ? { count, since: displacedAt } : {}),
  });
  const facts = { workspace: operation.workspace, backupId, displacedAt, downtimeMs };
  return makeUndoPlan(kept, facts, inspection, room.world.clock.now());
}

/** Asks for an undo: nothing happens until another person approves. */
export async function requestUndo(room: Room, person: Person, wish: UndoWish): Promise<Request> {
  const { settings } = await findDisplaced(room, wish.operation);
  room.requireOperator(person, settings);
  if (wish.confirm !== settings.name) {
    throw new UserError('not-confirmed', `An undo overwrites ${settings.name}; its name was not repeated.`, {
      hint: `Type the name when asked, or add: --confirm ${settings.name}`,
    });
  }
  const plan = await planUndo(room, wish.operation);
  refuseOverBudget(plan, settings);
  const { reason, noticeMs } = wish;
  return ask(room, person, settings, { kind: 'undo', plan, ...(noticeMs === undefined ? {} : { noticeMs }) }, reason);
}

interface Found {
  readonly settings: WorkspaceSettings;
  readonly kept: Displaced;
  readonly operation: Operation;
}

async function findDisplaced(room: Room, wanted: string): Promise<Found> {
  const all: { settings: WorkspaceSettings; kept: Displaced }[] = [];
  for (const settings of Object.values(room.world.workspaces)) {
    for (const kept of await room.world.portsFor(settings).platform.displaced()) all.push({ settings, kept });
  }
  const found = all.findLast(({ settings, kept }) => kept.operationId === wanted || settings.name === wanted);
  const operation = found && (await room.world.catalog.operations.get(found.kept.operationId));
  if (found && operation) return { ...found, operation };
  if (!Object.hasOwn(room.world.workspaces, wanted)) await findOperation(room, wanted); // says that it is not known
  const known = all.map(({ kept }) => kept.operationId);
  throw new UserError('unknown-operation', `Nothing that "${wanted}" displaced is kept.`, {
    hint: suggest(
      wanted,
      known,
      known.length > 0
        ? `Kept is what these displaced: ${known.join(', ')}.`
        : 'Restore from a backup instead: cml list',
    ),
  });
}

function whatItDid({ kind, input, outcome }: Operation) {
  const { plan } = kind === 'undo' ? undoInput.parse(input) : restoreInput.parse(input);
  const hadDefinition = 'undoes' in plan ? plan.definitionSha256 !== undefined : plan.definition !== undefined;
  const past = outcome && typeof outcome === 'object' && 'downtimeMs' in outcome ? outcome.downtimeMs : undefined;
  const downtimeMs = typeof past === 'number' ? past : plan.forecast.downtimeMs;
  return { backupId: plan.backupId, hadDefinition, downtimeMs };
}
