import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Story, StoryDeclaration } from '../../src/operation/operation.ts';
import { type RunningOperation, runOperation } from '../../src/operation/run-operation.ts';
import type { Operation } from '../../src/records/operation.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { createLife, type FateOf, type Life } from '../fakes/mortal.ts';
import { createPorts, type Ports, runnerWorldOf, writeJournals } from '../fakes/ports.ts';
import { beat, type World } from '../fakes/world.ts';
import type { Allowances } from './invariants.ts';

/** One story with everything it needs, told to a fresh world each time. */
export interface StoryCase<Declaration extends StoryDeclaration = StoryDeclaration> {
  readonly declaration: Declaration;
  make(folder: string): Promise<{ readonly world: World; readonly operation: Operation }>;
  tell(story: Story<Declaration>, ports: Ports, operation: Operation): Promise<unknown>;
  /** What an effect that fails for ever makes impossible in this story, beside what it makes impossible in all. */
  allow?(effect: string): Allowances;
}

export interface Stage {
  readonly world: World;
  /** The operation as it runs in this life. */
  running(): RunningOperation | undefined;
}

export interface Script {
  readonly name: string;
  /** What becomes of the effects of each life, the first one first; after the last, nothing is in the way any more. */
  readonly lives: readonly ((stage: Stage) => FateOf)[];
  /** In every life, also the later ones. */
  readonly always?: FateOf;
  /** After each death, before the next life. */
  readonly between?: (world: World, deaths: number) => void;
  readonly policy?: Partial<Operation['settings']['policy']>;
}

export interface Played {
  readonly world: World;
  readonly operation: Operation;
  readonly lives: readonly {
    readonly end: 'ended' | 'died' | 'stuck';
    readonly effects: Life['done'];
    readonly bug?: unknown;
  }[];
}

const MOST_LIVES = 6;

/** Plays a script to the end: lives follow each other as long as one dies or leaves the operation open. */
export async function play(given: StoryCase, script: Script, folder: string): Promise<Played> {
  const { world, operation } = await given.make(folder);
  const settings = { ...operation.settings, policy: { ...operation.settings.policy, ...script.policy } };
  const catalog = createFakeCatalog(world.catalog);
  await catalog.operations.save({ ...operation, settings });
  const lives: Played['lives'][number][] = [];
  try {
    while (lives.length < MOST_LIVES) {
      const [open] = await catalog.operations.listOpen();
      if (!open) break;
      if (lives.length > script.lives.length && lives.at(-1)?.end !== 'died') break;
      const life = await playLife(given, world, open, fatesOf(script, lives.length));
      lives.push(life);
      if (life.end === 'stuck' || life.bug) break;
      if (life.end === 'died') script.between?.(world, lives.length);
    }
    const last = await catalog.operations.get(operation.id);
    return { world, operation: last ?? operation, lives };
  } finally {
    rmSync(join(folder, 'work'), { recursive: true, force: true });
  }
}

function fatesOf(script: Script, index: number): (stage: Stage) => FateOf {
  const planned = script.lives[index];
  return (stage) => {
    const own = planned?.(stage);
    return (name, count) => own?.(name, count) ?? script.always?.(name, count);
  };
}

async function playLife(
  given: StoryCase,
  world: World,
  open: Operation,
  fates: (stage: Stage) => FateOf,
): Promise<Played['lives'][number]> {
  let running: RunningOperation | undefined;
  const fateOf = fates({ world, running: () => running });
  const life = createLife(world.time, () => beat(world), fateOf);
  const ports = createPorts(world, life);
  const folder = join(world.folder, 'work', open.id);
  const runner = runnerWorldOf(world, life, ports, folder);
  running = runOperation(given.declaration, open, (story) => given.tell(story, ports, open), runner);
  let bug: unknown;
  const ended = running.ended.catch((error: unknown) => {
    bug = error;
  });
  const drive = await world.time.drive(Promise.race([ended, life.died]));
  const end = life.isDead() ? 'died' : drive === 'stuck' ? 'stuck' : 'ended';
  life.kill();
  await writeJournals(world);
  return { end, effects: life.done, ...(bug === undefined ? {} : { bug }) };
}
