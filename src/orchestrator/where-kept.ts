import { UserError } from '../errors.ts';
import type { RepositoryPlace } from '../mover/mover.ts';
import type { Room } from './room.ts';

/** Where copies are, as far as the repository's location says: no name proves where a machine stands. */
export interface Kept {
  /** `inside`: what takes away the workspace's cluster or server takes the copies with it. */
  readonly is: 'inside' | 'outside';
  /** `in cluster`, `off cluster`, `on this server`, `off this server`. */
  readonly short: string;
  readonly sentence: string;
}

/** Absent for a workspace that is not configured any more. */
export function whereKept(room: Room, workspace: string): Kept | undefined {
  try {
    const { platform, mover } = room.world.portsFor(room.settingsOf(workspace));
    return judgePlace(mover.place, platform.capabilities.reader === 'job');
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Names that are told apart inside of a cluster only: of services, and those without a dot. */
const IN_CLUSTER = /(^[^.:]+$|\.svc$|\.svc\.|\.cluster\.local$)/;
const THIS_MACHINE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export function judgePlace({ is, name }: RepositoryPlace, isCluster: boolean): Kept {
  const isInside = is === 'folder' || (is === 'host' && (isCluster ? IN_CLUSTER : THIS_MACHINE).test(name));
  const place = is === 'folder' ? `in the folder ${name}` : is === 'host' ? `at ${name}` : `at a service (${name})`;
  const home = isCluster ? 'the cluster' : 'this server';
  const where = `${isInside ? (isCluster ? 'in' : 'on') : 'off'} ${home}`;
  const proviso = is === 'folder' ? 'unless that folder is mounted from elsewhere' : 'by its name';
  return {
    is: isInside ? 'inside' : 'outside',
    short: where.replace('the ', ''),
    sentence: `${place}: ${where}, ${proviso}; no snapshot is kept besides`,
  };
}
