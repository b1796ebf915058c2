import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Product, startProduct } from './product.ts';
import { freePorts, serviceProgram } from './services.ts';
import { type BenchWorld, MARK } from './world.ts';

export interface WorkspaceWish {
  readonly name: string;
  /** What stands under `volumes` in cml.yaml. */
  readonly volume: { readonly name: string; readonly path: string; readonly [key: string]: unknown };
}

/** A data folder with its server and the workspaces it looks after, each with two services and a repository. */
export interface Place {
  readonly folder: string;
  readonly product: Product;
}

/** Notice is 0 and nothing else is limited: what is measured is the work. */
export const POLICY = { notice: '0s', approvers: ['bob'], grace: '1h' };

export async function makePlace(world: BenchWorld, name: string, wishes: readonly WorkspaceWish[]): Promise<Place> {
  const folder = await world.room(name);
  await mkdir(join(folder, 'cml-data'));
  const ports = await freePorts(wishes.length * 2);
  const workspaces: Record<string, object> = {};
  for (const [at, wish] of wishes.entries()) {
    await cp(world.emptyRepository, join(folder, `repository-${wish.name}`), { recursive: true });
    workspaces[wish.name] = describeWorkspace(world, folder, wish, ports.slice(at * 2, at * 2 + 2));
  }
  const config = { data: './cml-data', people: { alice: {}, bob: {} }, trustBarePeople: true, workspaces };
  await writeFile(join(folder, 'cml.yaml'), stringify(config));
  return { folder, product: await startProduct(folder, world.rooms) };
}

function describeWorkspace(world: BenchWorld, folder: string, wish: WorkspaceWish, ports: readonly number[]): object {
  const services = ports.map((port, at) => ({
    name: at === 0 ? 'web' : 'database',
    command: [process.execPath, serviceProgram],
    folder,
    environment: { PORT: String(port), DIARY: join(folder, 'diary.jsonl'), [MARK]: world.rooms },
    ready: { http: `http://127.0.0.1:${port}/` },
  }));
  return {
    platform: { kind: 'local', release: '1', services, volumes: [wish.volume] },
    repository: {
      kind: 'restic',
      location: join(folder, `repository-${wish.name}`),
      passwordFile: world.passwordFile,
    },
    policy: POLICY,
  };
}
