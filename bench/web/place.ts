import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { hashToken } from '../../src/main-people.ts';
import { WORKSPACES, writeRecords } from '../catalog.ts';
import { growTree } from '../data.ts';
import { POLICY } from '../place.ts';
import { type Product, startProduct } from '../product.ts';
import { freePorts } from '../services.ts';
import type { BenchWorld } from '../world.ts';

const LOOP_WATCH = fileURLToPath(import.meta.url).replace(/web\/place(\.[jt]s)$/, 'kube/loop-watch$1');
/** Of bob: a program's, shown with every question. */
export const TOKEN = 'a token that only the bench knows';
/** Backed up again and again, as quickly as restic can. */
export const BUSY = 'busy';
/** Backed up once, so slowly that people watch it for a while. */
export const WATCHED = 'watched';
const WATCHED_BYTES = 256e6;
/** KiB a second, and MiB: how far it is is told each time a pack is written. */
const [PACE_KIB, PACK_MIB] = [2_000, 4];
const OPERATIONS = 2_000;

export interface WebPlace {
  readonly product: Product;
  readonly origin: string;
  /** Where the delays of the server's event loop are written, in nanoseconds. */
  readonly loopFile: string;
}

/** The server with its page, over a catalog of so many backups, and two workspaces that can be backed up. */
export async function makeWebPlace(world: BenchWorld, backups: number): Promise<WebPlace> {
  const folder = await world.room('web');
  await mkdir(join(folder, 'cml-data'));
  world.say(`${backups.toLocaleString('en')} records of backups`);
  writeRecords(join(folder, 'cml-data'), { backups, operations: Math.min(backups, OPERATIONS) });
  await growTree(join(folder, BUSY), world.sizes.copies, world.seed);
  for (const name of [WATCHED, ...WORKSPACES]) await mkdir(join(folder, name));
  await writeFile(join(folder, WATCHED, 'weights'), randomBytes(WATCHED_BYTES));
  const [port = 0] = await freePorts(1);
  const config = {
    ...{ data: './cml-data', people: { alice: {}, bob: { token: hashToken(TOKEN) } }, trustBarePeople: true },
    web: { port },
    workspaces: Object.fromEntries(
      await Promise.all(
        [BUSY, WATCHED, ...WORKSPACES].map(async (name) => [name, await describeWorkspace(world, folder, name)]),
      ),
    ),
  };
  await writeFile(join(folder, 'cml.yaml'), stringify(config, { aliasDuplicateObjects: false }));
  const loopFile = join(folder, 'loop.json');
  const product = await startProduct(folder, world.rooms, {
    ...{ NODE_OPTIONS: `--import=${LOOP_WATCH}`, CML_BENCH_LOOP: loopFile },
    CML_RESTIC: await writeRestic(world, folder),
  });
  for (const name of [BUSY, WATCHED]) await product.startServices(name);
  return { product, origin: `http://127.0.0.1:${port}`, loopFile };
}

/** Held back for the one that is watched, and for no other. */
async function writeRestic(world: BenchWorld, folder: string): Promise<string> {
  const path = join(folder, 'restic');
  const slowly = `RESTIC_PACK_SIZE=${PACK_MIB} exec ${world.restic} --limit-upload ${PACE_KIB} "$@"`;
  const lines = [
    '#!/bin/sh',
    `case "$RESTIC_REPOSITORY $*" in *repository-${WATCHED}*) ${slowly} ;; esac`,
    `exec ${world.restic} "$@"`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return path;
}

async function describeWorkspace(world: BenchWorld, folder: string, name: string): Promise<object> {
  const repository = join(folder, `repository-${name}`);
  await cp(world.emptyRepository, repository, { recursive: true });
  return {
    platform: {
      ...{ kind: 'local', release: '1' },
      services: [{ name: 'web', command: ['sleep', '86400'], folder }],
      volumes: [{ name: 'data', path: join(folder, name), capture: 'two-pass' }],
    },
    repository: { kind: 'restic', location: repository, passwordFile: world.passwordFile },
    policy: POLICY,
    retention: { daily: 14, monthly: 12 },
  };
}
