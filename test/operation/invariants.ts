import type { Backup } from '../../src/records/backup.ts';
import type { Request } from '../../src/records/request.ts';
import { ageOf, ageOfDefinition, type World } from '../fakes/world.ts';
import { findMisdeeds } from './keep-invariants.ts';
import type { Played } from './play.ts';

/** What a script makes impossible; everything else is still demanded. */
export interface Allowances {
  /** Starting itself, or putting back, fails for ever: services stay down and people are paged. */
  readonly servicesDown?: boolean;
  /** Putting back fails for ever: nothing may have been started on it. */
  readonly unknownData?: boolean;
  /** Releasing fails for ever: a warning was said instead. */
  readonly leftovers?: boolean;
  /** The end could not be written for ever. */
  readonly open?: boolean;
  /** Time jumped, or the chat did not work: no notice can be demanded. */
  readonly noNotice?: boolean;
  /** Nobody could be told. */
  readonly silence?: boolean;
  /** The repository was damaged from outside: backups lost copies. */
  readonly damaged?: boolean;
}

/** What is wrong with the world after a script was played; read from the world, never from the journal. */
export function findBroken(played: Played, before: World, allowed: Allowances = {}): string[] {
  const { world } = played;
  return [
    ...played.lives.flatMap(({ end, bug }) => [
      ...(end === 'stuck' ? ['a life waits for ever'] : []),
      ...(bug === undefined ? [] : [`a bug: ${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}`]),
    ]),
    ...world.broken,
    ...findServices(world, before, allowed),
    ...(allowed.noNotice || allowed.silence ? [] : findSurprises(world)),
    ...findData(world, allowed),
    ...(allowed.unknownData ? [] : findLies(played)),
    ...(allowed.damaged ? [] : findBackups(played)),
    ...findMisdeeds(played, before, allowed),
    ...findDisplaced(played, before, allowed),
    ...findLeftovers(played, allowed),
    ...findEnds(played, allowed),
  ];
}

/** The notice of every story played here. */
export const NOTICE_MS = 2_000;
/** Saying it takes a moment, counted from when it was said. */
const SLACK_MS = 50;
const LATE_MS = 6_000;

function wasPaged(world: World): boolean {
  return world.guardSaid.length > 0 || world.chat.said.some(({ how }) => how === 'paged');
}

function findServices(world: World, before: World, allowed: Allowances): string[] {
  const wrong = [...before.services].flatMap(([name, was]) => {
    const is = world.services.get(name);
    if (is?.up === was.up && is.ready === was.ready) return [];
    return [`service ${name} is ${is?.up ? 'up' : 'down'}${is?.ready ? ' and ready' : ''}`];
  });
  if (!allowed.servicesDown && !allowed.unknownData) return wrong;
  return wrong.length > 0 && !wasPaged(world) && !allowed.silence ? [...wrong, 'nobody was paged'] : [];
}

/** Services never stop at a time that nobody was told: the whole notice after the last word, and not long after it. */
function findSurprises({ told, stops }: World): string[] {
  return stops.flatMap((at) => {
    const last = told.findLast((time) => time <= at);
    const wait = last === undefined ? Number.NaN : at - last;
    return wait >= NOTICE_MS - SLACK_MS && wait <= NOTICE_MS + LATE_MS
      ? []
      : [`services stopped ${wait} ms after word`];
  });
}

/** All live parts, and the definition, are wholly the previous or wholly the restored ones. */
function findData(world: World, allowed: Allowances): string[] {
  const ages = world.parts.map(({ name, path }) => {
    const tree = world.trees.get(path);
    return { name, age: tree ? ageOf(tree) : 'missing' };
  });
  ages.push({ name: 'definition', age: ageOfDefinition(world) });
  const isAlike = new Set(ages.map(({ age }) => age)).size === 1 && ages.every(({ age }) => /^(now|then)$/.test(age));
  if (isAlike) return [];
  const isDown = [...world.services.values()].every(({ up }) => !up);
  if (allowed.unknownData && isDown) return [];
  return [`live data is ${ages.map(({ name, age }) => `${name}: ${age}`).join(', ')}`];
}

const RESTORES: ReadonlySet<string> = new Set(['restore', 'restore-in-place', 'undo']);

/** A restore that says it succeeded has the restored data live, any other one the previous. */
function findLies({ world, operation }: Played): string[] {
  if (!RESTORES.has(operation.kind) || operation.status === 'running') return [];
  const expected = operation.status === 'succeeded' ? 'then' : 'now';
  const isLive = world.parts.every(({ path }) => ageOf(world.trees.get(path) ?? new Map()) === expected);
  const requests = [...world.catalog.requests.values()].map((text): Request => JSON.parse(text));
  const hasApproval = requests.some((request) => request.status === 'used' && request.operationId === operation.id);
  if (operation.status === 'succeeded' && !hasApproval) return ['it succeeded without an approval of its own'];
  // Services were all up on the restored data, and then something after that could not be done for ever: a human was
  // paged, and what people may have worked on since stays.
  const isKept = operation.error?.code === 'services-still-down' && [...world.services.values()].some(({ up }) => up);
  return isLive || isKept ? [] : [`it ${operation.status}, and the live data is not the one from ${expected}`];
}

function findBackups({ world, operation }: Played): string[] {
  const all = [...world.catalog.backups.values()].map((text): Backup => JSON.parse(text));
  const made = all.filter(({ operationId }) => operationId === operation.id);
  const wrong: string[] = [];
  if (made.length > 1) wrong.push(`${made.length} backups were recorded`);
  if (operation.kind === 'backup' && operation.status === 'succeeded' && made.length === 0) {
    wrong.push('it succeeded and recorded no backup');
  }
  for (const backup of all) {
    if (backup.status === 'completed')
      wrong.push(...findIncomplete(world, backup, backup.operationId === operation.id));
  }
  return wrong;
}

function findIncomplete(world: World, backup: Backup, isNew: boolean): string[] {
  const contentOf = (copyId: string, path: string) =>
    world.repository.copies.find(({ id }) => id === copyId)?.entries.find(([entry]) => entry === path)?.[1];
  const wrong: string[] = [];
  const ticks = new Set<string | undefined>();
  for (const part of backup.parts) {
    const log = contentOf(part.copyId ?? '', `${part.pathInCopy}/log`);
    if (log === undefined) wrong.push(`${part.name} of ${backup.id} is not in the repository`);
    if (part.consistent) ticks.add(log);
  }
  if (!contentOf(backup.manifestCopyId ?? '', `${backup.definition?.pathInCopy}/definition.json`)) {
    wrong.push(`the definition of ${backup.id} is not in the repository`);
  }
  if (isNew && (ticks.size !== 1 || !world.quietTicks.some((tick) => ticks.has(String(tick))))) {
    wrong.push(`parts are of ${[...ticks].join(', ')}, quiet was ${world.quietTicks.join(', ')}`);
  }
  return wrong;
}

/** What was displaced before is given up only by what brought it back, and what is kept is there, of the other age. */
function findDisplaced({ world, operation }: Played, before: World, allowed: Allowances): string[] {
  if (allowed.unknownData || operation.status === 'running') return [];
  const isKept = operation.error?.code === 'services-still-down' && world.displaced.length > 0;
  const ids = (from: World) => from.displaced.map(({ operationId }) => operationId).join();
  const swaps = operation.kind === 'restore' || operation.kind === 'undo';
  const expected = operation.status === 'succeeded' && swaps ? operation.id : ids(before);
  const wrong = ids(world) === expected || isKept || allowed.leftovers ? [] : [`kept as displaced: ${ids(world)}`];
  for (const { operationId, units } of world.displaced) {
    if (world.swap?.undoes === operationId) continue; // it is live, and that swap is told as left over
    for (const { was, displaced } of units) if (was && !world.trees.has(displaced)) wrong.push(`${displaced} is gone`);
  }
  return wrong;
}

function findLeftovers(played: Played, allowed: Allowances): string[] {
  const { world } = played;
  const backups = [...world.catalog.backups.values()].map((text): Backup => JSON.parse(text));
  const standing = backups.filter(({ status }) => status !== 'deleted');
  const kept = new Set(
    standing.flatMap((backup) => [backup.manifestCopyId, ...backup.parts.map(({ copyId }) => copyId)]),
  );
  const displaced = new Set(world.displaced.flatMap(({ places }) => places));
  const live = new Set(world.parts.map(({ path }) => path));
  const left = [
    ...[...world.trees.keys()].filter((path) => !live.has(path) && !displaced.has(path)),
    ...[...world.snapshots.keys()].map((path) => `snapshot ${path}`),
    ...[...world.programs.keys()].map((key) => `program ${key}`),
    ...world.repository.copies
      .filter(({ id }) => !kept.has(id))
      .map(({ id, tags }) => `copy ${id} (${tags.join(' ')})`),
    ...(world.note ? ['note'] : []),
    ...[...world.services].filter(([, { stoppedBy }]) => stoppedBy).map(([name]) => `note on ${name}`),
    ...(world.guard ? ['guard'] : []),
    ...(world.swap ? ['swap record'] : []),
    ...(world.inPlace ? [`mark of data ${world.inPlace.state} in place`] : []),
  ];
  if (left.length === 0) return [];
  const wasSaid = world.warned.length > 0 || wasPaged(world);
  if ((allowed.leftovers || allowed.servicesDown || allowed.unknownData) && wasSaid) return [];
  return [`left over: ${left.join('; ')}`];
}

function findEnds({ world, operation }: Played, allowed: Allowances): string[] {
  const ends = world.chat.said.filter(({ message }) => message.key === `${operation.id}:end`);
  const kinds = new Set(ends.map(({ message }) => message.tone));
  const isOpen = world.catalog.open.size > 0;
  return [
    ...(!isOpen && operation.status === 'running' ? ['it is closed and has no end'] : []),
    ...(isOpen && !allowed.open ? [`the operation is open (${operation.status})`] : []),
    ...(kinds.size > 1 && !allowed.open ? [`ends said: ${ends.map(({ message }) => message.text).join(' | ')}`] : []),
    ...(kinds.size === 0 && !allowed.silence ? ['no end was said'] : []),
  ];
}
