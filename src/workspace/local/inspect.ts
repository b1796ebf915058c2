import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDuration } from '../../records/time.ts';
import type { Capture, WorkspacePolicy } from '../../records/workspace.ts';
import type { EffectOptions, Inspection, PartState } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { countFiles } from './count-files.ts';
import { childNames } from './file-facts.ts';
import { readNote } from './note.ts';
import { type ConfiguredPart, configuredParts, mountedInside, RESERVED } from './parts.ts';
import { servicesOf } from './services.ts';
import { networkKind } from './slow-storage.ts';
import { codeOf } from './system-error.ts';
import { findWriters } from './writers.ts';

type InspectOptions = EffectOptions & { readonly count?: boolean; readonly since?: string };

const REASONS: Record<Capture, string> = {
  snapshot: 'the configured commands make a snapshot of its storage',
  'two-pass': 'copied while services run, then only what changed while they are down',
  cold: 'asked for: copied once, while services are down',
  'after-start': 'asked for: copied after services are up again, so it is not consistent with the rest',
};

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
  for (const service of servicesOf(context)) {
    const running = await service.isRunning();
    services.push({ name: service.name, running, ready: running && (await service.isReady()) });
  }
  warnings.push(...(await warnOfTheUnseen()), ...warnOfTheBudget(context, policy));
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
  const chosen = part.capture ?? (part.snapshot ? 'snapshot' : 'two-pass');
  const present = await isFolder(part.path);
  const state: PartState = {
    name: part.name,
    kind: part.kind,
    location: part.location,
    path: part.path,
    capture: chosen,
    reason: REASONS[chosen],
    possible: part.snapshot ? ['snapshot', 'two-pass', 'cold', 'after-start'] : ['two-pass', 'cold', 'after-start'],
    files: 0,
    bytes: 0,
    exclude: [],
    freeBytes: 0,
    present,
  };
  if (!present) return state;
  const network = await networkKind(part.path);
  if (network) warnings.push(`${part.name} is on ${network}: whoever writes to it from another machine cannot be seen`);
  for (const point of await mountedInside(part)) {
    warnings.push(`a file system is mounted inside ${part.name} (${point}): ${part.name} cannot be restored in place`);
  }
  const room = await statfs(part.path);
  const known = {
    ...state,
    exclude: await reservedIn(part),
    freeBytes: room.bavail * room.bsize,
    hasOwnClock: !network,
  };
  if (!options.count && options.since === undefined) return known;
  const { files, bytes, writtenSince, unreadable } = await countFiles(part.path, options.since, options.signal);
  if (unreadable.length > 0) {
    warnings.push(`${part.name} was not counted whole (${unreadable.length} places): ${unreadable[0]}`);
  }
  return {
    ...known,
    ...(options.count ? { files, bytes } : {}),
    ...(options.since === undefined ? {} : { writtenSince }),
  };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return false;
    throw cause;
  }
}

/** Our folders inside a mount point, as absolute paths: in the live part and, where there is one, in its snapshot. */
async function reservedIn(part: ConfiguredPart): Promise<string[]> {
  const names = (await childNames(part.path)).filter((name) => name.startsWith(RESERVED));
  const roots = part.snapshot ? [part.path, part.snapshot.path] : [part.path];
  return roots.flatMap((root) => names.map((name) => join(root, name)));
}

async function warnOfTheUnseen(): Promise<string[]> {
  const { unseen } = await findWriters([]);
  if (unseen === 0) return [];
  return [`${unseen} processes of other users cannot be looked into: a writer among them would not be noticed`];
}

function warnOfTheBudget({ settings }: LocalContext, policy: WorkspacePolicy): string[] {
  const longestMs = settings.services
    .map((service) => ('command' in service ? service.stop.grace : service.stopWithin))
    .reduce((sum, ms) => sum + ms, 0);
  if (longestMs <= policy.downtimeBudget) return [];
  const [longest, budget] = [writeDuration(longestMs), writeDuration(policy.downtimeBudget)];
  return [
    `stopping alone may take ${longest} when every service uses its whole grace; the downtime budget is ${budget}`,
  ];
}
