import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/records/operation.ts';
import type { Person } from '../../../src/records/person.ts';
import { createFakeChatStore, type FakeChatStore } from '../../fakes/chat.ts';
import { type CdpBench, FOLDERS, makeCdpBench, WORKSPACE } from './bench.ts';
import { alice, createCdpLife, type Death, type Life } from './life.ts';
import { stateLeft } from './state-left.ts';
import { makeTrees } from './trees.ts';

/** Of all deaths one in so many is died; all of them with CRASH_MATRIX=whole. */
const SHARE = process.env.CRASH_MATRIX === 'whole' ? 1 : 17;
/** What is asked again and again is died of this often. */
const MOST_POLLS = 2;
const MOST_LIVES = 4;

const bob: Person = { name: 'bob', proof: 'uid', uid: 1001 };

interface Scene {
  readonly bench: CdpBench;
  readonly chat: FakeChatStore;
  readonly backup: string;
  /** Of what the control plane's backup holds. */
  readonly then: string;
  readonly now: string;
  live(death?: Death): Promise<Life>;
}

/** A workspace with a backup, and other data since. */
async function makeScene(): Promise<Scene> {
  const content = { users: 'then' };
  const double = { minuteMs: 100, workspaces: [{ name: WORKSPACE, staticSubdomain: 'prod', content }] };
  const bench = await makeCdpBench({ double, platform: { poll: '10ms', listedWithin: '200ms' } });
  const write = (text: string) =>
    Promise.all(FOLDERS.map((folder) => writeFile(join(bench.pathOf(folder), 'file'), text)));
  await write('then');
  const chat = createFakeChatStore();
  const trees = makeTrees(bench.root);
  const live = (death?: Death) => createCdpLife(bench, chat, trees.moverOf, death ? { death } : {});
  const { id, status } = await (await live()).backUp();
  if (status !== 'succeeded') throw new Error(`the backup ${status}`);
  const then = bench.double.state().checksum;
  bench.double.workspace().content.set('users', 'now');
  await write('now');
  return { bench, chat, live, backup: id.replace('op_', 'bkp_'), then, now: bench.double.state().checksum };
}

async function restore({ orchestrator }: Life, backup: string): Promise<Operation | undefined> {
  const { id } = await orchestrator.requestRestore(alice, { backup, confirm: WORKSPACE, noticeMs: 0 });
  const { running } = await orchestrator.decide(bob, { request: id, approves: true });
  const operation = await running?.ended;
  while (!orchestrator.isIdle()) await pause(2);
  return operation;
}

async function playDeaths({ live, backup }: Scene, deaths: readonly Death[]) {
  const effects: (readonly string[])[] = [];
  for (let lives = 0; lives < MOST_LIVES; lives += 1) {
    const life = await live(deaths[lives]);
    const ended = life.recover().then(([taken]) => (lives === 0 ? restore(life, backup) : taken));
    const end = await Promise.race([ended, life.died]);
    effects.push(life.effects());
    if (end !== 'died') return { operation: end, life, effects };
  }
  throw new Error('it comes to no end');
}

/** What may never be, read from the control plane, the disk and the catalog; never from the journal. */
async function judge(scene: Scene, operation: Operation | undefined, { orchestrator }: Life): Promise<string[]> {
  const { bench, chat, then, now } = scene;
  const { double, root, platform } = bench;
  const { status, areServicesUp, checksum, backups } = double.state();
  const begun = double.calls.accepted('restoreWorkspace').length;
  const names = double.calls.accepted('backupWorkspace').map(({ request }) => String(request.backupName));
  const files = await Promise.all(FOLDERS.map((folder) => readFile(join(bench.pathOf(folder), 'file'), 'utf8')));
  const wanted = begun === 1 ? 'then' : 'now';
  const safety = (await orchestrator.listBackups({})).find(({ safetyFor }) => safetyFor !== undefined);
  const kept = backups.find(({ crn }) => crn === safety?.parts.find((part) => part.kept)?.kept?.crn);
  const left = await stateLeft(root);
  const isUp = areServicesUp && status === 'installation:finished';
  return [
    ...(begun > 1 ? [`it was begun ${begun} times`] : []),
    ...(new Set(names).size === names.length ? [] : [`a backup was asked for twice: ${names.join(', ')}`]),
    ...(isUp || chat.said.some(({ how }) => how === 'paged') ? [] : [`services are ${status}, and nobody was paged`]),
    ...(checksum === (begun === 1 ? then : now) ? [] : ['the workspace is neither what it was nor what it was then']),
    ...(files.every((text) => text === wanted) ? [] : [`files are of ${files.join(', ')}, the workspace of ${wanted}`]),
    ...(begun === 1 && kept?.status !== 'backup:finished' ? ['it was overwritten without a safety backup'] : []),
    ...((await platform.readNote()) === undefined ? [] : ['a note still stands']),
    ...(left.length === 0 ? [] : [`our state is left: ${left.join(', ')}`]),
    ...((operation?.status === 'succeeded') === (begun === 1) ? [] : [`it ${operation?.status}, begun ${begun} times`]),
  ];
}

async function play(deaths: readonly Death[]) {
  const scene = await makeScene();
  try {
    const { operation, life, effects } = await playDeaths(scene, deaths);
    return { wrong: await judge(scene, operation, life), status: operation?.status ?? 'never begun', effects };
  } finally {
    await scene.bench.dispose();
  }
}

function deathsOf(effects: readonly string[]): Death[] {
  const seen = new Map<string, number>();
  return effects.flatMap((name) => {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    if (name.startsWith('call') && nth > MOST_POLLS) return [];
    return (['before', 'after'] as const).map((when) => ({ name, nth, when }));
  });
}

const say = ({ name, nth, when }: Death) => `${when} ${name} ${nth}`;
/** What is about the effect that may never be repeated is tried each time. */
const isDelicate = ({ name }: Death) => /restoreWorkspace|begin restore$/.test(name);

describe('wherever its process dies,', { timeout: SHARE === 1 ? 1_800_000 : 240_000 }, () => {
  const ends = new Map<string, number>();
  afterAll(() => {
    const told = [...ends].map(([status, count]) => `${count} ${status}`).join(', ');
    process.stdout.write(`crash matrix of a restore by the control plane: ${told}\n`);
  });

  it('a restore by the control plane is begun once, with its files, after a safety backup, and services come up', async () => {
    const plain = await play([]);
    expect(plain).toMatchObject({ wrong: [], status: 'succeeded' });
    const problems: string[] = [];
    for (const [turn, death] of deathsOf(plain.effects[0] ?? []).entries()) {
      if (turn % SHARE !== 0 && !isDelicate(death)) continue;
      const once = await play([death]);
      // And once more while it is taken up, each time somewhere else.
      const next = deathsOf(once.effects[1] ?? []);
      const second = turn % 2 === 0 ? next[turn % Math.max(1, next.length)] : undefined;
      const plays: (readonly [readonly Death[], typeof once])[] = [[[death], once]];
      if (second) plays.push([[death, second], await play([death, second])]);
      for (const [deaths, one] of plays) {
        ends.set(one.status, (ends.get(one.status) ?? 0) + 1);
        if (one.wrong.length > 0) problems.push(`${deaths.map(say).join(', then ')}: ${one.wrong.join('; ')}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
