import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/records/operation.ts';
import { createFakeChatStore, type FakeChatStore } from '../../fakes/chat.ts';
import { type CdpBench, FOLDERS, makeCdpBench } from './bench.ts';
import { createCdpLife, type Death, type Life } from './life.ts';
import { stateLeft } from './state-left.ts';
import { makeTrees } from './trees.ts';

/** Of all deaths one in so many is died; all of them with CRASH_MATRIX=whole. */
const SHARE = process.env.CRASH_MATRIX === 'whole' ? 1 : 24;
/** What is asked again and again is died of this often. */
const MOST_POLLS = 2;
const MOST_LIVES = 4;

interface Scene {
  readonly bench: CdpBench;
  readonly chat: FakeChatStore;
  readonly trees: ReturnType<typeof makeTrees>;
  live(death?: Death): Promise<Life>;
}

async function makeScene(): Promise<Scene> {
  // A second backup of one operation would be taken, and the first is not listed at once: both are what nobody may rely on.
  const habits = { acceptsTakenNames: true, listLagMinutes: 8 };
  const bench = await makeCdpBench({ double: { minuteMs: 120, habits }, platform: { listedWithin: '1500ms' } });
  for (const folder of FOLDERS) await writeFile(join(bench.pathOf(folder), 'file'), `in ${folder}`);
  const chat = createFakeChatStore();
  const trees = makeTrees(bench.root);
  const live = (death?: Death) => createCdpLife(bench, chat, trees.moverOf, death ? { death } : {});
  return { bench, chat, trees, live };
}

/** Lives follow each other until one comes to the end. */
async function playDeaths({ live }: Scene, deaths: readonly Death[]) {
  const effects: (readonly string[])[] = [];
  for (let lives = 0; lives < MOST_LIVES; lives += 1) {
    const life = await live(deaths[lives]);
    const ended = lives === 0 ? life.backUp().then((one) => [one]) : life.recover();
    const end = await Promise.race([ended, life.died]);
    effects.push(life.effects());
    if (end !== 'died') return { operation: end[0], life, effects };
  }
  throw new Error('it comes to no end');
}

/** What may never be, read from the control plane, the disk and the catalog; never from the journal. */
async function judge({ bench, chat, trees }: Scene, operation: Operation | undefined, life: Life): Promise<string[]> {
  const { double, root, platform } = bench;
  const asked = double.calls.of('backupWorkspace').map(({ request }) => String(request.backupName));
  const isUp = double.state().areServicesUp && double.state().status === 'installation:finished';
  const wasPaged = chat.said.some(({ how }) => how === 'paged');
  const [backup] = await life.orchestrator.listBackups({});
  const kept = double.state().backups.find(({ crn }) => crn === backup?.parts.find((part) => part.kept)?.kept?.crn);
  const copies = new Set(trees.repository.copies.map(({ id }) => id));
  const lost = backup?.parts.filter(({ copyId }) => copyId !== undefined && !copies.has(copyId)) ?? [];
  const left = await stateLeft(root);
  return [
    ...(new Set(asked).size === asked.length ? [] : [`the control plane was asked twice: ${asked.join(', ')}`]),
    ...(isUp || wasPaged ? [] : [`services are ${double.state().status}, and nobody was paged`]),
    ...((await platform.readNote()) === undefined ? [] : ['a note still stands']),
    ...(left.length === 0 ? [] : [`our state is left: ${left.join(', ')}`]),
    ...(backup && kept?.status !== 'backup:finished' ? [`a backup stands on "${kept?.status}"`] : []),
    ...lost.map(({ name }) => `a backup lacks ${name}`),
    ...(backup && operation && operation.status !== 'succeeded'
      ? [`there is a backup, and it ${operation.status}`]
      : []),
    ...(operation?.status === 'succeeded' && !backup ? ['it succeeded, and there is no backup'] : []),
  ];
}

async function play(
  deaths: readonly Death[],
): Promise<{ wrong: string[]; status: string; effects: readonly (readonly string[])[] }> {
  const scene = await makeScene();
  try {
    const { operation, life, effects } = await playDeaths(scene, deaths);
    const wrong = await judge(scene, operation, life);
    return { wrong, status: operation?.status ?? 'never begun', effects };
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
    return [
      { name, nth, when: 'before' as const },
      { name, nth, when: 'after' as const },
    ];
  });
}

const say = ({ name, nth, when }: Death) => `${when} ${name} ${nth}`;

describe('wherever its process dies,', { timeout: SHARE === 1 ? 1_800_000 : 240_000 }, () => {
  const ends = new Map<string, number>();
  afterAll(() => {
    const told = [...ends].map(([status, count]) => `${count} ${status}`).join(', ');
    process.stdout.write(`crash matrix of a backup by the control plane: ${told}\n`);
  });

  it('a backup by the control plane is begun once, followed to its end, and services are up or people paged', async () => {
    const plain = await play([]);
    expect(plain).toMatchObject({ wrong: [], status: 'succeeded' });
    const problems: string[] = [];
    for (const [turn, death] of deathsOf(plain.effects[0] ?? []).entries()) {
      // What is about the one effect that may never be repeated is tried each time.
      if (turn % SHARE !== 0 && !death.name.includes('backupWorkspace') && !death.name.endsWith('cut')) continue;
      const once = await play([death]);
      // And once more while it is taken up, each time somewhere else.
      const next = deathsOf(once.effects[1] ?? []);
      const second = next[turn % Math.max(1, next.length)];
      const twice = second ? await play([death, second]) : once;
      for (const [deaths, one] of [[[death], once] as const, [[death, ...(second ? [second] : [])], twice] as const]) {
        ends.set(one.status, (ends.get(one.status) ?? 0) + 1);
        if (one.wrong.length > 0) problems.push(`${deaths.map(say).join(', then ')}: ${one.wrong.join('; ')}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
