import { faultOf } from '../fakes/faulty.ts';
import { actAsGuard } from '../fakes/guard.ts';
import type { Fate, FateOf, Life } from '../fakes/mortal.ts';
import type { World } from '../fakes/world.ts';
import type { Allowances } from './invariants.ts';
import type { Script, Stage } from './play.ts';

export interface Trial extends Script {
  readonly allowed?: Allowances;
  /** It has to reach what it was asked for all the same. */
  readonly mustSucceed?: boolean;
  /** The effect, counted from 1, at which the first mishap happens. */
  readonly at?: number;
}

type Effects = Life['done'];
type Death = 'before' | 'half' | 'after';

const HOUR = 3_600_000;
const BOB = { name: 'bob', proof: 'uid', uid: 1001 } as const;

/** One in so many second mishaps is tried where all would take too long; another share for each first one. */
const SHARE = 4;

/** Dies at the n-th effect of a life, counted from 1. */
export function dieAt(n: number, die: Death): (stage: Stage) => FateOf {
  return () => (_name, count) => (count === n ? { die } : undefined);
}

/** Looks that change nothing: dying after one is dying before it. */
const LOOKS =
  /^(platform\.(inspect|readNote|isReverted|isServed|proveQuiet|warmUp)|mover\.(probe|list|count|restore|compare|reread)|catalog\.(get|list))/;

export function deathsOf(effects: Effects): { readonly n: number; readonly die: Death; readonly at: string }[] {
  return effects.flatMap(({ name, hasHalf }, index) => {
    const deaths: readonly Death[] = hasHalf ? ['before', 'half', 'after'] : ['before', 'after'];
    return deaths.map((die) => ({ n: index + 1, die, at: `${die} ${index + 1} ${name}` }));
  });
}

/** What may happen while nobody is there. Programs of a dead process go on by themselves in any case. */
const absences: Readonly<Record<string, ((world: World) => void) | undefined>> = {
  'and comes back at once': undefined,
  'and comes back an hour later, the guard has acted': letGuardAct,
  'and comes back after the machine restarted': restartMachine,
};

function letGuardAct(world: World): void {
  world.time.pass(HOUR);
  actAsGuard(world);
}

/** Programs, the guard and everything that was stopped by us are gone; what others start at boot is up. */
function restartMachine(world: World): void {
  world.programs.clear();
  if (world.guard) world.guard.sleeps = true;
  for (const service of world.services.values()) {
    if (!service.stoppedBy) continue;
    service.up = false;
    service.ready = false;
  }
}

/** Services may have been down when it died: from the record that the guard is being armed to the one that all is up. */
function isUnwound(effects: Effects, n: number, die: Death): boolean {
  const armed = effects.findIndex(({ name }) => name === 'platform.armGuard');
  const up = effects.findIndex(({ name }) => name === 'platform.disarmGuard');
  const done = die === 'after' ? n : n - 1;
  return done >= armed && done < up;
}

/** Death at every effect and every journal write, and what may happen until the next life. */
export function deaths(effects: Effects): Trial[] {
  return deathsOf(effects).flatMap(({ n, die, at }) =>
    Object.entries(absences).map(([absence, between]) => ({
      at: n,
      mustSucceed: !isUnwound(effects, n, die),
      name: `dies ${at} ${absence}`,
      lives: [dieAt(n, die)],
      ...(between ? { between } : {}),
    })),
  );
}

/** The same once more while recovering: `recovery` is what the life after that death did. */
export function deathsAgain(first: Trial, effects: Effects, recovery: Effects): Trial[] {
  if (first.between || first.name.startsWith('dies before') || LOOKS.test(effects.at(-1)?.name ?? '')) return [];
  // Dying before an effect is dying after the one before it.
  const again = deathsOf(recovery).filter(
    ({ n, die }) => n === 1 || (die !== 'before' && !LOOKS.test(recovery[n - 1]?.name ?? '')),
  );
  return again.map(({ n, die, at }) => {
    const meetsGuard = (n + (first.at ?? 0)) % SHARE === 0;
    return {
      ...first,
      mustSucceed: false,
      name: `${first.name}, dies again ${at}${meetsGuard ? ' and comes back after the guard has acted' : ''}`,
      lives: [...first.lives, dieAt(n, die)],
      ...(meetsGuard
        ? { between: (world: World, count: number) => (count === 2 ? letGuardAct(world) : undefined) }
        : {}),
    };
  });
}

/** Each effect failing once: not worth another try, worth it, or though it was done. */
export function failures(effects: Effects): Trial[] {
  const kinds: readonly [string, (name: string) => Fate][] = [
    ['fails', (name) => ({ fail: faultOf(name, false) })],
    ['fails for a moment', (name) => ({ fail: faultOf(name, true) })],
    ['is done and reported as failed', (name) => ({ fail: faultOf(name, false), when: 'after' })],
    ['is done and reported as failed for a moment', (name) => ({ fail: faultOf(name, true), when: 'after' })],
  ];
  return effects.flatMap(({ name }, index) =>
    kinds.map(([how, fate]) => ({
      ...(how.endsWith('for a moment') ? {} : { at: index + 1 }),
      ...(name.startsWith('chat') ? { allowed: { silence: name !== 'chat.announce', noNotice: true } } : {}),
      name: `${index + 1} ${name} ${how}`,
      lives: [() => (called: string, count: number) => (count === index + 1 ? fate(called) : undefined)],
    })),
  );
}

/** Every effect of one name failing for ever, in every life. */
export function lastingFailures(effects: Effects, allow: (effect: string) => Allowances = () => ({})): Trial[] {
  const names = [...new Set(effects.map(({ name }) => name))];
  return names.flatMap((name) =>
    [true, false].map((retryable) => ({
      name: `${name} fails for ever${retryable ? ', each time worth another try' : ''}`,
      lives: [],
      always: (called: string) => (called === name ? { fail: faultOf(name, retryable) } : undefined),
      allowed: { ...allowanceOf(name), ...allow(name) },
    })),
  );
}

function allowanceOf(name: string): Allowances {
  if (name.startsWith('platform.start')) return { servicesDown: true };
  if (/^platform\.(applyDefinition|isReverted)/.test(name)) return { unknownData: true };
  if (/^(platform\.(release|keep|readNote|disarm)|mover\.list list-made|mover\.forget|catalog\.getBackup)/.test(name)) {
    return { leftovers: true };
  }
  if (name.startsWith('journal.')) return { open: true };
  return name.startsWith('chat.') ? { silence: true } : {};
}

/** No room for the journal from its n-th write on, until the next life or also in it. */
export function fullDisks(effects: Effects): (Trial & { readonly from: number })[] {
  const writes = effects.filter(({ name }) => name === 'journal.save').length;
  return Array.from({ length: writes }, (_, index) => index + 1).map((from) => ({
    from,
    name: `the disk is full from write ${from} on`,
    lives: [() => fullFrom(from)],
    allowed: { open: true },
  }));
}

export function fullFrom(from: number): FateOf {
  let writes = 0;
  return (name) => {
    if (!name.startsWith('journal.')) return undefined;
    writes += 1;
    return writes >= from ? { fail: faultOf(name, false) } : undefined;
  };
}

/** The first mishap comes true, and then the process dies at any later effect of that life. */
export function deathsAfter(first: Trial, effects: Effects): Trial[] {
  const { at } = first;
  const [life, ...later] = first.lives;
  if (at === undefined || !life) return [];
  return effects.flatMap(({ name }, index) => {
    if (index + 1 <= at || (index + at) % SHARE !== 0) return [];
    const dies = (stage: Stage) => {
      const fateOf = life(stage);
      return (called: string, count: number): Fate | undefined =>
        count === index + 1 ? { die: 'after' } : fateOf(called, count);
    };
    return [{ ...first, name: `${first.name}, dies after ${index + 1} ${name}`, lives: [dies, ...later] }];
  });
}

/** The disk is full, and then the process dies as well; the disk is full for one more life or not. */
export function fullDisksAndDeaths(full: Trial & { readonly from: number }, effects: Effects): Trial[] {
  let writes = 0;
  return effects.flatMap(({ name }, index) => {
    if (name === 'journal.save') writes += 1;
    if (writes < full.from) return [];
    const dies = () => {
      const isFull = fullFrom(full.from);
      return (called: string, count: number) =>
        count === index + 1 ? { die: 'after' as const } : isFull(called, count);
    };
    const at = `${full.name}, dies after ${index + 1} ${name}`;
    return [
      { ...full, name: at, lives: [dies] },
      { ...full, name: `${at}, and still is`, lives: [dies, () => fullFrom(1)] },
    ];
  });
}

/** Someone cancels right before each effect. */
export function cancels(effects: Effects): Trial[] {
  return meanwhile(effects, 'cancelled', ({ running }) => {
    running()
      ?.cancel(BOB, 'no longer needed')
      .catch(() => undefined); // too late is an answer as well
  });
}

/** The operation's time is over at each effect: each is slow, or never answers and listens to nobody. */
export function timeOuts(effects: Effects): Trial[] {
  const policy = { timeout: HOUR };
  const slow = meanwhile(effects, 'time is over', ({ world }) => world.time.pass(HOUR));
  const hanging = effects.flatMap(({ name }, index) =>
    name.startsWith('journal')
      ? []
      : [
          {
            at: index + 1,
            name: `hangs at ${index + 1} ${name}`,
            lives: [hangAt(index + 1)],
            allowed: { noNotice: true, ...(name.startsWith('chat.p') ? { silence: true } : {}) },
          },
        ],
  );
  return [...slow, ...hanging].map((trial) => ({ ...trial, policy }));
}

function hangAt(n: number): (stage: Stage) => FateOf {
  return () => (_name, count) => (count === n ? { hang: true } : undefined);
}

/** The process was so slow that the guard acted, and it goes on as if nothing had happened. */
export function guardWhileAlive(effects: Effects): Trial[] {
  return meanwhile(effects, 'the guard acts', ({ world }) => letGuardAct(world));
}

export function meanwhile(effects: Effects, what: string, happen: (stage: Stage) => void): Trial[] {
  return effects.map(({ name }, index) => ({
    at: index + 1,
    allowed: { noNotice: true },
    name: `${what} before ${index + 1} ${name}`,
    lives: [
      (stage: Stage) => (_name: string, count: number) =>
        count === index + 1 ? { meanwhile: () => happen(stage) } : undefined,
    ],
  }));
}

/** One of these effects fails, and then so does what makes things whole again: once, twice or for ever. */
export function failuresOfMending(effects: Effects, first: RegExp, then: readonly string[]): Trial[] {
  const places = effects.flatMap(({ name }, index) => (first.test(name) ? [index + 1] : []));
  return places.flatMap((at) =>
    then.flatMap((name) => [1, 2, Number.POSITIVE_INFINITY].map((times) => failTwice(at, name, times))),
  );
}

function failTwice(at: number, name: string, times: number): Trial {
  const life = () => {
    let failed = 0;
    return (called: string, count: number): Fate | undefined => {
      if (count === at) return { fail: faultOf(called, false) };
      if (count < at || !called.startsWith(name) || failed >= times) return undefined;
      failed += 1;
      return { fail: faultOf(called, false) };
    };
  };
  const isHopeless = times === Number.POSITIVE_INFINITY || name === 'platform.revert';
  const allowed = isHopeless ? { servicesDown: true, unknownData: true, leftovers: true } : {};
  return { name: `${at} fails, and then ${name} does ${times} times`, lives: [life], allowed };
}
