import type { Person } from '../records/person.ts';
import type { RunningNote, Started } from '../workspace/platform.ts';
import type { Room } from './room.ts';

export interface BroughtUp extends Started {
  /** Operations whose data was put back first. */
  readonly putBack: readonly string[];
}

/**
 * Brings services back from the records on the stopped objects alone; data that a swap left half-way goes back first.
 * Without such a record, starts whatever of the workspace does not run.
 */
export async function startServices(room: Room, person: Person, workspace: string): Promise<BroughtUp> {
  const { world } = room;
  const settings = room.settingsOf(workspace);
  room.requireOperator(person, settings);
  const { platform } = world.portsFor(settings);
  const at = world.clock.now().toISOString();
  const start = async () => {
    const note = await platform.readNote();
    const putBack = note ? await platform.putBack(note) : [];
    return { putBack, ...(await platform.start(note ?? (await noteOfAll()))) };
  };
  // An operation that failed to start them may say so while the disk is full; a person must still be able to.
  const started = await room.claim(workspace, 'cml start', start, { besideTold: true });
  await world.catalog.audit.append({ at, by: person, did: describe(started), workspace });
  return started;

  async function noteOfAll(): Promise<RunningNote> {
    const { services } = await platform.inspect();
    return { operationId: 'by-hand', notedAt: at, services: services.map(({ name }) => ({ name, ready: true })) };
  }
}

function describe({ putBack }: BroughtUp): string {
  return putBack.length === 0 ? 'started services' : `put back the data of ${putBack.join(', ')} and started services`;
}
