import type { Person } from '../records/person.ts';
import type { Room } from './room.ts';

export interface Login {
  /** Known by `none` where it was refused. */
  readonly by: Person;
  readonly did: 'logged in' | 'logged out' | 'login refused';
  /** By what, and from where. */
  readonly reason: string;
}

/** Who came through a door that keeps sessions, or was turned away there. */
export async function noteLogin(room: Room, login: Login): Promise<void> {
  const { catalog, clock } = room.world;
  await catalog.audit.append({ at: clock.now().toISOString(), ...login });
}
