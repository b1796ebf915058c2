import { judgeBackups } from '../backup/apply-retention.ts';
import { readerFromElsewhere } from '../backup/held-backups.ts';
import type { RereadPace } from '../backup/plan-reread.ts';
import type { RetentionPlan } from '../backup/retention.ts';
import { writeCount } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import type { Room } from './room.ts';

const DAY = 86_400_000;
/** All data within a month, by a look every night. */
const USUAL_PACE: RereadPace = { withinMs: 30 * DAY, everyMs: DAY };

/** What the rules of a workspace keep and what would go, with the reasons. Changes nothing. */
export async function planRetention(room: Room, workspace: string): Promise<RetentionPlan> {
  return judgeBackups(room.world.catalog, room.settingsOf(workspace), room.world.clock.now());
}

/**
 * Removes the backups that no rule keeps.
 * @throws UserError `nothing-to-do` when there are no rules, all are kept, or a person has to look at the catalog first.
 */
export async function applyRetention(
  room: Room,
  person: Person,
  workspace: string,
  reason?: string,
): Promise<RunningOperation> {
  const settings = room.settingsOf(workspace);
  room.requireOperator(person, settings);
  if (!settings.retention) throw nothingToDo(`${workspace} has no rules of retention, so all its backups are kept.`);
  const { retentionOff } = await room.world.catalog.marks.get(workspace);
  if (retentionOff) {
    const hint = `Look at the backups, then: cml catalog confirm ${workspace}`;
    throw nothingToDo(`Retention of ${workspace} is off: ${retentionOff.because}.`, hint);
  }
  const { kept, goes } = await planRetention(room, workspace);
  if (goes.length === 0) throw nothingToDo(`The rules keep all ${writeCount(kept.length, 'backup')} of ${workspace}.`);
  await refuseWhileReadElsewhere(room, workspace);
  return launch(room, person, { kind: 'retention', workspace, reason, input: {} });
}

/** Gives back the space of what was dropped. Waits for nobody: it is refused while anything else is done with the repository. */
export async function prune(room: Room, person: Person, workspace: string, reason?: string): Promise<RunningOperation> {
  room.requireOperator(person, room.settingsOf(workspace));
  await refuseWhileReadElsewhere(room, workspace);
  return launch(room, person, { kind: 'prune', workspace, reason, input: {} });
}

/** Reads the share of the repository that is due. */
export async function checkRepository(
  room: Room,
  person: Person,
  workspace: string,
  { pace = USUAL_PACE, reason }: { readonly pace?: RereadPace | undefined; readonly reason?: string | undefined } = {},
): Promise<RunningOperation> {
  room.requireOperator(person, room.settingsOf(workspace));
  return launch(room, person, { kind: 'check', workspace, reason, input: { ...pace } });
}

function nothingToDo(sentence: string, hint = 'See which rules hold: cml config'): UserError {
  return new UserError('nothing-to-do', sentence, { hint });
}

/** What is brought into another workspace keeps nobody out of this one, but its repository is being read. */
async function refuseWhileReadElsewhere({ world }: Room, workspace: string): Promise<void> {
  const reader = await readerFromElsewhere(world.catalog, workspace);
  if (reader === undefined) return;
  throw new UserError('workspace-busy', `The repository of ${workspace} is being read by ${reader}.`, {
    hint: `Follow it with: cml status ${reader}`,
  });
}

type Asked = Pick<Operation, 'kind' | 'workspace' | 'input'> & { readonly reason: string | undefined };

async function launch(room: Room, person: Person, { reason, ...asked }: Asked): Promise<RunningOperation> {
  const { catalog, clock, newId } = room.world;
  const at = clock.now().toISOString();
  const id = newId('op');
  const because = reason === undefined ? {} : { reason };
  const running = await room.launch({
    ...{ schema: 1, id, ...asked, by: person, ...because },
    trigger: person.proof === 'schedule' ? 'schedule' : 'person',
    settings: room.settingsOf(asked.workspace),
    startedAt: at,
    status: 'running',
    journal: [],
  });
  const { kind, workspace } = asked;
  await catalog.audit.append({ at, by: person, did: `${kind} asked`, workspace, subject: id, ...because });
  return running;
}
