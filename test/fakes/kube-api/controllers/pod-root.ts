import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';

/** What is bound where in a container's file system. */
export interface Bind {
  readonly source: string;
  /** As the container sees it. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** Of these a container has its own, empty or not there; it sees nothing of what this machine keeps in them. */
const OWN = ['tmp', 'mnt', 'run', 'root', 'home', 'srv', 'media'];
const LEFT_OUT = ['proc', 'boot', 'lost+found', 'old_root'];
const HOST = '.host';

/**
 * Makes a folder that can become the root of a container: the programs of this machine as if they came from its image,
 * read-only, and an empty place for each mount. Answers the text of an fstab that mounts everything.
 */
export function layOutRoot(root: string, binds: readonly Bind[]): string {
  const lines: Bind[] = [];
  mkdirSync(join(root, HOST), { recursive: true });
  mkdirSync(join(root, 'proc'));
  for (const name of OWN) mkdirSync(join(root, name), { mode: name === 'tmp' ? 0o1777 : 0o755 });
  for (const entry of readdirSync('/', { withFileTypes: true })) {
    const { name } = entry;
    if (OWN.includes(name) || LEFT_OUT.includes(name)) continue;
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(`/${name}`), join(root, name));
    if (!entry.isDirectory()) continue;
    const isMixed = binds.some(({ target }) => target.startsWith(`/${name}/`) && !existsSync(target));
    mkdirSync(join(root, name));
    const target = isMixed ? `/${HOST}/${name}` : `/${name}`;
    if (isMixed) mkdirSync(join(root, target));
    lines.push({ source: `/${name}`, target, readOnly: name !== 'dev' });
  }
  for (const bind of sorted(binds)) {
    makePlace(root, bind);
    lines.push(bind);
  }
  return lines
    .map((bind) => lineOf(root, bind))
    .join('\n')
    .concat('\n');
}

/** Outer mounts before those within. */
function sorted(binds: readonly Bind[]): Bind[] {
  return [...binds].sort((one, other) => one.target.split(sep).length - other.target.split(sep).length);
}

function lineOf(root: string, { source, target, readOnly }: Bind): string {
  const escaped = (path: string) => path.replaceAll('\\', '\\134').replaceAll(' ', '\\040');
  return `${escaped(source)} ${escaped(join(root, target))} none ${readOnly ? 'rbind,ro' : 'rbind'} 0 0`;
}

/** The place itself, and beside it, on the way to it, links to what the machine has there. */
function makePlace(root: string, { source, target }: Bind): void {
  const steps = relative('/', target).split(sep);
  const isMixed = existsSync(join(root, HOST, steps[0] ?? ''));
  if (!isMixed && isOfHost(steps[0] ?? '')) return;
  for (let depth = 1; depth < steps.length; depth += 1) {
    const folder = `/${steps.slice(0, depth).join('/')}`;
    mkdirSync(join(root, folder), { recursive: true });
    if (!isMixed || !existsSync(folder)) continue;
    for (const name of readdirSync(folder).filter((one) => one !== steps[depth]))
      if (!isThere(join(root, folder, name))) symlinkSync(`/${HOST}${folder}/${name}`, join(root, folder, name));
  }
  const place = join(root, target);
  if (isThere(place)) return;
  if (statSync(source).isDirectory()) mkdirSync(place);
  else writeFileSync(place, '');
}

const isOfHost = (top: string) => !OWN.includes(top) && existsSync(`/${top}`);
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
