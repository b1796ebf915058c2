import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PortError } from '../../errors.ts';
import { isOnBtrfs, isSubvolume, subvolumesInside } from './btrfs.ts';
import { RESERVED } from './file-facts.ts';
import { type ConfiguredPart, isMounted, mountedInside } from './parts.ts';

/** How a snapshot of a part is made, or why none can be: `why` is absent where its storage has none to offer. */
export type SnapshotWay =
  | { readonly by: 'commands'; readonly path: string; readonly make: string[]; readonly drop: string[] }
  | { readonly by: 'btrfs'; readonly path: string; readonly subvolume: string }
  | { readonly by: 'nothing'; readonly why?: string };

const LONGEST_NAME = 255;

/** Looks, changes nothing. The part must be there. */
export async function snapshotWay(part: ConfiguredPart): Promise<SnapshotWay> {
  if (part.snapshot) return { by: 'commands', ...part.snapshot };
  const subvolume = await realpath(part.path);
  if (!(await isOnBtrfs(subvolume))) return { by: 'nothing' };
  if (!(await isSubvolume(subvolume))) return { by: 'nothing', why: 'it is on btrfs, but not a subvolume of its own' };
  const [mounted] = await mountedInside(part);
  if (mounted !== undefined) return { by: 'nothing', why: `another file system is mounted inside: ${mounted}` };
  const missing = await whatASnapshotLacks(subvolume);
  if (missing !== undefined) return { by: 'nothing', why: missing };
  const path = await placeOfSnapshot(subvolume);
  if (Buffer.byteLength(basename(path)) > LONGEST_NAME) return { by: 'nothing', why: 'its name is too long' };
  return { by: 'btrfs', path, subvolume };
}

/** Undefined when a snapshot of this subvolume holds all that is in it. */
async function whatASnapshotLacks(subvolume: string): Promise<string | undefined> {
  try {
    const nested = (await subvolumesInside(subvolume)).filter((path) => !isOurs(path));
    if (nested.length === 0) return undefined;
    return `a snapshot would lack the subvolumes inside: ${nested.slice(0, 3).join(', ')}`;
  } catch (cause) {
    if (cause instanceof PortError) return cause.message;
    throw cause;
  }
}

function isOurs(path: string): boolean {
  return path.split('/').some((name) => name.startsWith(RESERVED));
}

/**
 * The same for a part every time, so that restic finds in its parent what has not changed; and beside it, so that
 * services which look through all their files or change owners do not meet it. Beside a mount point is another file
 * system: there it has to be inside, and is not part of itself.
 */
async function placeOfSnapshot(subvolume: string): Promise<string> {
  if (await isMounted(subvolume)) return join(subvolume, `${RESERVED}snapshot`);
  return join(dirname(subvolume), `${RESERVED}snapshot-${basename(subvolume)}`);
}
