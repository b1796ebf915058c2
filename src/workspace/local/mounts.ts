import { readFile } from 'node:fs/promises';

/** Where a file really lies: the same for every path, bind mount or container through which it is reached. */
export interface Place {
  /** `major:minor` as mountinfo writes it. */
  readonly device: string;
  /** From the root of that file system. */
  readonly path: string;
}

export interface Mount {
  readonly device: string;
  readonly root: string;
  readonly point: string;
}

/** Source: proc(5), `/proc/<pid>/mountinfo`, fields 3 to 5; spaces and the like are written in octal. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [, , device, root, point] = line.split(' ');
    if (device && root && point) mounts.push({ device, root: plain(root), point: plain(point) });
  }
  return mounts;
}

export async function ownMounts(): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

function plain(text: string): string {
  return text.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

export function isMountPoint(path: string, mounts: readonly Mount[]): boolean {
  return mounts.some(({ point }) => point === path);
}

/** Where file systems are mounted below a folder: a rename of the folder would carry them off. */
export function mountPointsInside(folder: string, mounts: readonly Mount[]): string[] {
  return mounts.map(({ point }) => point).filter((point) => point !== folder && isWithin(point, folder));
}

/** Undefined for what lies on no file system: pipes, sockets. */
export function locate(path: string, mounts: readonly Mount[]): Place | undefined {
  let over: Mount | undefined;
  for (const mount of mounts) {
    // Of two mounts on one point, the later one covers the earlier one.
    if (isWithin(path, mount.point) && mount.point.length >= (over?.point.length ?? 0)) over = mount;
  }
  return over && placeUnder(over, path);
}

function placeUnder(mount: Mount, path: string): Place {
  const rest = mount.point === '/' ? path : path.slice(mount.point.length);
  return { device: mount.device, path: mount.root === '/' ? rest || '/' : `${mount.root}${rest === '/' ? '' : rest}` };
}

/** Where everything below a path lies, file systems mounted below it too. */
export function placesOf(path: string, mounts: readonly Mount[]): Place[] {
  const own = locate(path, mounts);
  const below = mounts
    .filter(({ point }) => point !== path && isWithin(point, path))
    .map(({ device, root }) => ({ device, path: root }));
  return own ? [own, ...below] : below;
}
