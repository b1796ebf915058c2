import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { POLICY } from '../place.ts';
import { type Product, startProduct } from '../product.ts';
import type { BenchWorld } from '../world.ts';
import type { RunningDouble } from './double.ts';

const WATCH = fileURLToPath(import.meta.url).replace(/place(\.[jt]s)$/, 'loop-watch$1');

export interface KubePlace {
  readonly product: Product;
  /** Where its event loop's delays are written, in nanoseconds. */
  readonly loopFile: string;
}

/** The server with all workspaces of a double. */
export async function makeKubePlace(world: BenchWorld, name: string, double: RunningDouble): Promise<KubePlace> {
  const folder = await world.room(name);
  await mkdir(join(folder, 'cml-data'));
  const workspaces = Object.fromEntries(
    Object.entries(double.repositories).map(([workspace, location]) => [
      workspace,
      {
        platform: { kind: 'kubernetes', kubeconfig: double.kubeconfig, movers: { image: 'cml-backup:1' } },
        repository: { kind: 'restic', location, passwordFile: world.passwordFile },
        policy: POLICY,
      },
    ]),
  );
  const config = { data: './cml-data', people: { alice: {}, bob: {} }, trustBarePeople: true, workspaces };
  await writeFile(join(folder, 'cml.yaml'), stringify(config, { aliasDuplicateObjects: false }));
  const loopFile = join(folder, 'loop.json');
  const environment = { NODE_OPTIONS: `--import=${WATCH}`, CML_BENCH_LOOP: loopFile };
  return { product: await startProduct(folder, world.rooms, environment), loopFile };
}
