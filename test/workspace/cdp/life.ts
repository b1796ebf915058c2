import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLowdbCatalog } from '../../../src/catalog/lowdb/lowdb-catalog.ts';
import { systemClock } from '../../../src/clock.ts';
import type { DataMover } from '../../../src/mover/mover.ts';
import { createOrchestrator, type Orchestrator } from '../../../src/orchestrator/orchestrator.ts';
import { createNewId } from '../../../src/records/ids.ts';
import type { Operation } from '../../../src/records/operation.ts';
import type { Person } from '../../../src/records/person.ts';
import type { RetentionRules } from '../../../src/records/retention.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import type { Call } from '../../fakes/cdp/calls.ts';
import { createFakeChat, type FakeChatStore } from '../../fakes/chat.ts';
import { untilDead } from '../kubernetes/until-dead.ts';
import { silent } from '../local/bench.ts';
import { type CdpBench, WORKSPACE } from './bench.ts';

export const alice: Person = { name: 'alice', proof: 'uid', uid: 1000 };

/** At one of the effects of a life: `call backupWorkspace` of the control plane, `write step-done cut` of the journal. */
export interface Death {
  /** Which effect of that name; from 1. */
  readonly name: string;
  readonly nth: number;
  readonly when: 'before' | 'after';
}

export interface LifeWish {
  readonly death?: Death;
  readonly policy?: object;
  readonly retention?: RetentionRules;
  /** Another workspace that is configured, on the same control plane. */
  readonly beside?: string;
  /** Each time the database was found to be gone, and nobody to write. */
  readonly onProven?: () => void;
}

export interface Life {
  readonly orchestrator: Orchestrator;
  readonly died: Promise<'died'>;
  isDead(): boolean;
  /** The process ends: nothing of it has any effect from here on. */
  end(): void;
  effects(): readonly string[];
  /** Asks for a backup; answers it at its end. */
  backUp(): Promise<Operation>;
  /** Takes up what an earlier life left, to its end. */
  recover(): Promise<Operation[]>;
}

/** The product without its command line, in one life of its process. `moverOf`: over what the platform runs programs with. */
export async function createCdpLife(
  bench: CdpBench,
  chat: FakeChatStore,
  moverOf: (platform: WorkspacePlatform) => DataMover,
  { death, policy: change = {}, retention, onProven, beside }: LifeWish = {},
): Promise<Life> {
  const { root, double, settings } = bench;
  const at = (...names: string[]) => join(root, ...names);
  let isDead = false;
  let tellDeath: (word: 'died') => void = () => undefined;
  const died = new Promise<'died'>((resolve) => {
    tellDeath = resolve;
  });
  const effects: string[] = [];
  const mortal = <T extends object>(port: T): T => untilDead(port, () => isDead);
  /** True when this life ends here. */
  const meet = (name: string, when: 'before' | 'after', nth: number) => {
    if (isDead || death?.name !== name || death.nth !== nth || death.when !== when) return isDead;
    isDead = true;
    unwatch(); // what calls from here on is another life
    tellDeath('died');
    return true;
  };
  const count = (name: string) => effects.push(name) && effects.filter((one) => one === name).length;
  const numbers = new Map<Call, number>();
  const unwatch = double.faults.watch((call, stage) => {
    const name = `call ${call.operation}`;
    if (stage === 'before') numbers.set(call, count(name));
    if (!meet(name, stage, numbers.get(call) ?? 0)) return undefined;
    return 'silent';
  });
  const real = createLowdbCatalog({ folder: at('catalog') });
  await mkdir(at('catalog'), { recursive: true });
  const never = new Promise<never>(() => {});
  const save: typeof real.operations.save = async (operation, options) => {
    const last = operation.journal.at(-1);
    const name = `write ${last?.type ?? 'request'} ${last && 'step' in last ? last.step : ''}`.trim();
    const nth = count(name);
    if (meet(name, 'before', nth)) return never;
    await real.operations.save(operation, options);
    return meet(name, 'after', nth) ? never : undefined;
  };
  const catalog = mortal({ ...real, operations: { ...real.operations, save } });
  const own = bench.again({ controlPlane: mortal, files: mortal });
  const proveQuiet: typeof own.proveQuiet = async (quiet, parts) => {
    await own.proveQuiet(quiet, parts);
    onProven?.();
  };
  const platform = mortal({ ...own, proveQuiet });
  const mover = mortal(moverOf(platform));
  const bugs: unknown[] = [];
  const rules = retention ? { retention } : {};
  const policy = workspacePolicy.parse({ notice: '0s', approvers: ['alice', 'bob'], ...change });
  const settingsFor = (name: string) => ({ name, platform: settings, repository: { kind: 'trees' }, policy, ...rules });
  const orchestrator = createOrchestrator({
    ...{ catalog, chat: mortal(createFakeChat(chat)), clock: systemClock, log: silent },
    newId: createNewId(() => systemClock.now(), Math.random),
    delays: { firstMs: 10, longestMs: 50 },
    workspaces: { [WORKSPACE]: settingsFor(WORKSPACE), ...(beside ? { [beside]: settingsFor(beside) } : {}) },
    refreshWorkspaces: async () => undefined,
    portsFor: ({ name }) =>
      name === beside ? { platform: mortal(bench.again({ as: beside })), mover } : { platform, mover },
    workFolder: at('work'),
    onBug: (error) => bugs.push(error),
  });
  const ended = async (running: { readonly ended: Promise<Operation> } | undefined): Promise<Operation> => {
    if (!running) throw new Error('nothing was started');
    const operation = await running.ended;
    while (!orchestrator.isIdle()) await pause(2);
    if (bugs.length > 0) throw bugs[0];
    unwatch();
    return operation;
  };
  return {
    ...{ orchestrator, died },
    isDead: () => isDead,
    end() {
      isDead = true;
      unwatch();
    },
    effects: () => effects,
    async backUp() {
      await catalog.open();
      return ended(await orchestrator.requestBackup(alice, { workspace: WORKSPACE, noticeMs: 0 }));
    },
    async recover() {
      const taken = await orchestrator.recover();
      await catalog.open();
      return Promise.all(taken.map(ended));
    },
  };
}
