import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChosenCapture, WorkspacePolicy } from '../../records/workspace.ts';
import type { Inspection, PartState } from '../inspection.ts';
import type { EffectOptions } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { countFiles } from './count-files.ts';
import { childNames, isFolder, RESERVED } from './file-facts.ts';
import { foresee } from './foresee.ts';
import { readNote } from './note.ts';
import { type ConfiguredPart, configuredParts, mountedInside } from './parts.ts';
import { servicesOf } from './services.ts';
import { networkKind } from './slow-storage.ts';
import { type SnapshotWay, snapshotWay } from './snapshot-way.ts';

type InspectOptions = EffectOptions & { readonly count?: boolean; readonly since?: string };

const WITHOUT_SNAPSHOT: readonly ChosenCapture[] = ['two-pass', 'cold', 'after-start'];

const REASONS: Record<ChosenCapture, string> = {
  snapshot: 'the configured commands make a snapshot of its storage',
  'two-pass': 'copied while services run, then only what changed while they are down',
  cold: 'asked for: copied once, while services are down',
  'after-start': 'asked for: copied after services are up again, so it is not consistent with the rest',
};

function reasonOf(chosen: ChosenCapture, way: SnapshotWay): string {
  if (way.by === 'nothing' && chosen === 'snapshot')
    return way.why ?? 'its storage makes none and no commands for one are configured';
  if (way.by === 'nothing' && way.why !== undefined) return `${REASONS[chosen]} (no snapshot: ${way.why})`;
  if (way.by === 'btrfs' && chosen === 'snapshot') return 'it is a btrfs subvolume: its snapshot takes no time';
  return REASONS[chosen];
}

export async function inspectWorkspace(
  context: LocalContext,
  policy: WorkspacePolicy,
  options: InspectOptions,
): Promise<Inspection> {
  const all = configuredParts(context.settings);
  const warnings: string[] = [];
  const parts: PartState[] = [];
  for (const part of all) {
    if (part.leaveOut === undefined) parts.push(await inspectPart(part, options, warnings));
  }
  const services: { name: string; running: boolean; ready: boolean }[] = [];
  const declared = servicesOf(context);
  for (const service of declared) {
    const running = await service.isRunning();
    services.push({ name: service.name, running, ready: running && (await service.isReady()) });
  }
  const inCut = parts.filter(({ capture }) => capture !== 'after-start');
  warnings.push(...(await foresee(context, policy, declared, inCut)));
  const note = await readNote(context);
  return {
    release: context.settings.release,
    services,
    parts,
    leftOut: all.flatMap(({ name, leaveOut }) => (leaveOut === undefined ? [] : [{ name, reason: leaveOut }])),
    warnings,
    ...(note === undefined ? {} : { notedBy: note.operationId }),
  };
}

async function inspectPart(part: ConfiguredPart, options: InspectOptions, warnings: string[]): Promise<PartState> {
  const present = await isFolder(part.path);
  const way: SnapshotWay = present ? await snapshotWay(part) : { by: 'nothing' };
  const chosen = part.capture ?? (way.by === 'nothing' ? 'two-pass' : 'snapshot');
  const state: PartState = {
    name: part.name,
    kind: part.kind,
    location: part.location,
    path: part.path,
    capture: chosen,
    reason: reasonOf(chosen, way),
    possible: way.by === 'nothing' ? WITHOUT_SNAPSHOT : ['snapshot', ...WITHOUT_SNAPSHOT],
    files: 0,
    bytes: 0,
    exclude: [],
    freeBytes: 0,
    present,
  };
  if (!present) return state;
  const network = await networkKind(part.path);
  if (network)
    warnings.push(`${part.name} is on ${network}: whoever writes to it from another machine cannot be seen.`);
  const mounted = await mountedInside(part);
  for (const point of mounted) {
    warnings.push(`A file system is mounted inside ${part.name} (${point}): ${part.name} cannot be restored in place.`);
  }
  const room = await statfs(part.path);
  const { dev } = await stat(part.path);
  const place = { freeBytes: room.bavail * room.bsize, fileSystem: String(dev) };
  const obstacle = mounted[0] === undefined ? {} : { obstacle: `a file system is mounted inside it: ${mounted[0]}` };
  const known = { ...state, ...place, ...obstacle, hasOwnClock: !network, exclude: await reservedIn(part, way) };
  if (!options.count && options.since === undefined) return known;
  const { files, bytes, writtenSince, unreadable } = await countFiles(part.path, options.since, options.signal);
  if (unreadable.length > 0) {
    warnings.push(
      `${part.name} was not counted whole; ${unreadable.length} places could not be read, such as ${unreadable[0]}.`,
    );
  }
  return {
    ...known,
    ...(options.count ? { files, bytes } : {}),
    ...(options.since === undefined ? {} : { writtenSince }),
  };
}

/** Our folders inside a mount point, as absolute paths: in the live part and, where there is one, in its snapshot. */
async function reservedIn(part: ConfiguredPart, way: SnapshotWay): Promise<string[]> {
  const names = (await childNames(part.path)).filter((name) => name.startsWith(RESERVED));
  const roots = way.by === 'nothing' ? [part.path] : [part.path, way.path];
  return roots.flatMap((root) => names.map((name) => join(root, name)));
}
