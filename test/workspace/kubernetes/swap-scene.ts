import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { stageWishes } from '../../../src/workspace/kubernetes/stage.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import type { Quiet, RunningNote } from '../../../src/workspace/platform.ts';
import type { StagedPart } from '../../../src/workspace/swaps.ts';
import { createLiveScene, type LiveScene, SPACE } from './live-scene.ts';

export const FIRST = 'op_0000000001';
export const SECOND = 'op_0000000002';
export const PARTS = ['data-db-0', 'log-livelog-0', 'projects-pvc'];

/** The live workspace with files behind its claims, and what a restore does with them. */
export interface SwapScene extends LiveScene {
  /** The directory behind a claim's volume. */
  directory(claim: string): string;
  read(claim: string, file?: string): string | undefined;
  write(claim: string, text: string, file?: string): void;
  contents(): (string | undefined)[];
  /** Stages every part with files of its own. */
  stageAll(context: KubeContext, operationId: string, text: string): Promise<StagedPart[]>;
  down(context: KubeContext, operationId: string): Promise<{ readonly note: RunningNote; readonly quiet: Quiet }>;
  /** Names of volumes, the live ones first. */
  volumes(): string[];
}

export async function createSwapScene(): Promise<SwapScene> {
  const live = await createLiveScene();
  const { store, world } = live;
  const scene: SwapScene = {
    ...live,
    directory: (claim) => world.directoryOf(store.get(kinds.CLAIM, claim, SPACE)?.spec.volumeName ?? ''),
    read(claim, file = 'file') {
      if (!store.get(kinds.CLAIM, claim, SPACE)?.spec.volumeName) return undefined;
      const path = join(scene.directory(claim), file);
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    },
    write(claim, text, file = 'file') {
      mkdirSync(scene.directory(claim), { recursive: true });
      writeFileSync(join(scene.directory(claim), file), text);
    },
    contents: () => PARTS.map((part) => scene.read(part)),
    async stageAll(context, operationId, text) {
      const staged = await stageWishes(
        context,
        operationId,
        PARTS.map((part) => ({ part })),
      );
      for (const part of PARTS) {
        const claim = claimNameOf('staged', operationId, part);
        await scene.until(`${claim} is bound`, () => store.get(kinds.CLAIM, claim, SPACE)?.status?.phase === 'Bound');
        scene.write(claim, text);
      }
      return staged;
    },
    async down(context, operationId) {
      const note = await noteRunning(context, operationId);
      return { note, quiet: await stopServices(context, note, {}) };
    },
    volumes: () => store.list(kinds.VOLUME).map(({ metadata }) => metadata.name),
  };
  for (const part of PARTS) scene.write(part, 'old');
  return scene;
}
