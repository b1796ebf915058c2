import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { claimNameOf, LABELS, NOTES, OURS, placeOf } from '../../../src/workspace/kubernetes/names.ts';
import { createKubernetesPlatform } from '../../../src/workspace/kubernetes/platform.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import type { PlatformUnderTest } from '../../contracts/platform.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { eventually, type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { silent, until } from '../local/bench.ts';

const OPERATION = 'op_0000000001';
const OTHER_OPERATION = 'op_0000000002';
const DEFINED = 'contract';
const { CLAIM, CONFIG_MAP, JOB, POD, SECRET, SNAPSHOT, SNAPSHOT_CONTENT, VOLUME } = kinds;
const OURS_MAY_BE = [JOB, POD, SECRET, SNAPSHOT, SNAPSHOT_CONTENT, CLAIM, VOLUME, CONFIG_MAP];

/** The guard is a program of its own, so it is the built one that runs; `npm test` builds first. */
const GUARD_MAIN = resolve('dist/src/workspace/kubernetes/guard-main.js');

export function assertGuardIsBuilt(): void {
  if (!existsSync(GUARD_MAIN)) throw new Error(`${GUARD_MAIN} is missing: run \`npm run build\` first`);
}

export type MakeLayout = (lab: KubeLab, options: { readonly small: true }) => Promise<Layout>;

export interface ContractWorld extends PlatformUnderTest {
  /** Kinds and names of what carries our labels in the cluster. */
  ours(): string[];
  /** A life of the service whose requests go through this. */
  through(wrap: (cluster: Cluster) => Cluster): WorkspacePlatform;
  readonly layout: Layout;
}

/** The whole platform on a small workspace of a layout. */
export async function createContractWorld(make: MakeLayout): Promise<ContractWorld> {
  const lab = await createKubeLab();
  const root = await mkdtemp(join(tmpdir(), 'cml-platform-'));
  const folder = join(root, 'work', OPERATION);
  await mkdir(folder, { recursive: true });
  const layout = await make(lab, { small: true });
  // The contract brings in files that are no database; what that makes of its data is looked at in swap-in-layouts.
  lab.world.behaviours.delete(`${WORKSPACE}/db`);
  const parts = layout.parts.map(({ name }) => name);
  const again = () => platformOf(layout, root, parts[0] ?? '');
  const platform = again();
  const pages = () =>
    lab.store.list(kinds.EVENT, WORKSPACE).filter((event) => 'reason' in event && event.reason === 'ServicesDown');
  const defined = () => lab.store.get(kinds.CONFIG_MAP, DEFINED, WORKSPACE);
  const there = (path: string) => placeDirectory(layout, path);
  return {
    ...{ platform, folder, parts, again, layout },
    through: (wrap) => platformOf(layout, root, parts[0] ?? '', wrap),
    ...{ operationId: OPERATION, otherOperationId: OTHER_OPERATION, services: layout.services },
    isUp: async (service) => layout.isUp(service),
    async takeDown(service) {
      layout.takeDown(service);
      await until(`${service} is down`, () => !layout.isUp(service) && podsOf(layout, service) === 0);
    },
    async letGuardTry(note) {
      await platform.armGuard(note, new Date().toISOString());
      await until('the guard has paged', () => pages().length > 0);
    },
    pages: async () => pages().map((event) => ('message' in event ? String(event.message) : '')),
    write: layout.write,
    remove: (part, file) => rm(join(layout.directoryOf(part), file), { recursive: true }),
    async read(part, file) {
      const path = join(layout.directoryOf(part), file);
      return existsSync(path) ? readFile(path, 'utf8') : undefined;
    },
    async writeStaged(path, file, text) {
      await eventually(lab, 10_000, () => (there(path) === undefined ? `${path} is not there` : undefined));
      await writeFile(join(there(path) ?? '', file), text);
    },
    async list(path) {
      // Nobody waits for a volume when a place is made; whoever looks into it does.
      if (claimOf(layout, path) !== undefined)
        await eventually(lab, 10_000, () => (there(path) === undefined ? `${path} is not there` : undefined));
      const directory = there(path);
      return directory === undefined ? undefined : (await readdir(directory)).sort();
    },
    ours: () => OURS_MAY_BE.flatMap((kind) => labelled(lab, kind)),
    stands: async (path) => there(path) !== undefined,
    readDefinition: async () => defined()?.data?.text,
    async writeDefinition(text) {
      const metadata = { name: DEFINED, namespace: WORKSPACE };
      if (defined() === undefined) lab.store.create(kinds.CONFIG_MAP, { metadata, data: { text } } as never);
      else lab.store.edit(kinds.CONFIG_MAP, DEFINED, WORKSPACE, (object) => Object.assign(object, { data: { text } }));
    },
    async dispose() {
      await lab.dispose();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function platformOf(
  { lab }: Layout,
  root: string,
  firstPart: string,
  wrap: (cluster: Cluster) => Cluster = (cluster) => cluster,
) {
  const look = `grep -q good "$CML_SCRATCH/${firstPart}/file" || { echo torn >&2; exit 1; }`;
  return createKubernetesPlatform({
    workspace: WORKSPACE,
    settings: kubernetesSettings.parse({
      ...{ kind: 'kubernetes', stopWithin: 20_000, startWithin: 20_000 },
      parts: { 'projects-pvc': { beside: true } },
      checks: [{ name: 'whole', command: ['sh', '-c', look] }],
    }),
    policy: workspacePolicy.parse({}),
    image: 'cml-backup:1',
    folder: join(root, 'work'),
    ...{ runHere: createLocalRunProgram(), clock: systemClock, log: silent },
    guardProgram: [process.execPath, GUARD_MAIN],
    cluster: wrap(lab.cluster()),
  });
}

function labelled({ store }: KubeLab, kind: kinds.Kind): string[] {
  const ours = store.list(kind).filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] === OURS);
  return ours.map(({ metadata }) => `${kind.kind} ${metadata.name}`);
}

function podsOf({ lab }: Layout, service: string): number {
  return lab.store.list(kinds.POD, WORKSPACE).filter(({ metadata }) => metadata.labels?.app === service).length;
}

/** Of a place that is not live. */
function claimOf({ lab }: Layout, path: string) {
  const { life, operationId = '', part = '' } = placeOf(path)?.place ?? {};
  if (life === undefined || life === 'live') return undefined;
  return lab.store.get(kinds.CLAIM, claimNameOf(life, operationId, part), WORKSPACE);
}

/** Behind a place that is not live; undefined while there is no volume for it. */
function placeDirectory(layout: Layout, path: string): string | undefined {
  const { store, world } = layout.lab;
  const { life, operationId = '', part = '' } = placeOf(path)?.place ?? {};
  if (life === 'live' || life === 'beside') {
    const own = join(layout.directoryOf(part), path.slice(path.indexOf('/.cml-op_')));
    return existsSync(own) ? own : undefined;
  }
  if (life === 'displaced') {
    const labels = { [LABELS.operation]: operationId, [LABELS.part]: part, [LABELS.role]: 'displaced' };
    const kept = store
      .list(kinds.VOLUME)
      .find(({ metadata }) => Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value));
    return kept && filesIn(layout, part, world.directoryOf(kept.metadata.name));
  }
  const claim = claimOf(layout, path);
  if (claim?.spec.volumeName === undefined || claim.status?.phase !== 'Bound') return undefined;
  return join(world.directoryOf(claim.spec.volumeName), claim.metadata.annotations?.[NOTES.within] ?? '');
}

/** A server in the workspace has the folder below the root of its volume, under the name that it is mounted by. */
function filesIn({ lab }: Layout, part: string, directory: string): string {
  const volume = lab.store.get(kinds.CLAIM, part, WORKSPACE)?.spec.volumeName;
  const within = join(directory, basename(lab.store.get(kinds.VOLUME, volume)?.spec.nfs?.path ?? ''));
  return existsSync(within) ? within : directory;
}
