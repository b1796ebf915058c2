import { randomBytes } from 'node:crypto';
import { link, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Chance } from './chance.ts';

/** Where everything of the workspace stands that is going to be ill-treated. */
export interface ChaosWorkspace {
  readonly name: 'chaos';
  readonly folder: string;
  readonly data: string;
  /** What the platform keeps of the workspace. */
  readonly state: string;
  readonly parts: Readonly<Record<PartName, string>>;
  readonly envFile: string;
  readonly records: string;
  /** What the services say about themselves; outside of every part. */
  readonly diary: string;
  readonly repository: string;
  readonly passwordFile: string;
  readonly serviceUrls: readonly string[];
  /** For the run itself: pictures, restored backups, the server's output. */
  readonly scratch: string;
}

export const PARTS = ['volume', 'projects', 'datasets'] as const;
export type PartName = (typeof PARTS)[number];

/** The budget and the margin of the guard, in milliseconds. */
export interface Patience {
  readonly budgetMs: number;
  readonly marginMs: number;
}

const PROJECT_FILES = 360;
const DATASET_FILES = 60;

export async function makeWorkspace(patience: Patience): Promise<ChaosWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-chaos-'));
  const at = (...names: string[]) => join(folder, ...names);
  const [recorder, bystander] = await findFreePorts(2);
  const workspace: ChaosWorkspace = {
    name: 'chaos',
    folder,
    data: at('cml-data'),
    state: at('cml-data', 'workspaces', 'chaos'),
    parts: { volume: at('workspace', 'volume'), projects: at('workspace', 'projects'), datasets: at('datasets') },
    envFile: at('workspace', '.env'),
    records: at('workspace', 'volume', 'records.log'),
    diary: at('scratch', 'diary.jsonl'),
    repository: at('repository'),
    passwordFile: at('password'),
    serviceUrls: [`http://127.0.0.1:${recorder}/`, `http://127.0.0.1:${bystander}/`],
    scratch: at('scratch'),
  };
  for (const place of [...Object.values(workspace.parts), workspace.scratch, at('snapshots')]) {
    await mkdir(place, { recursive: true });
  }
  await writeFile(workspace.passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  await writeFile(workspace.diary, '');
  await writeFile(workspace.envFile, 'GENERATION=0\n', { mode: 0o640 });
  await fillParts(workspace);
  await writeConfig(workspace, patience);
  return workspace;
}

export async function writeConfig(workspace: ChaosWorkspace, patience: Patience): Promise<void> {
  const text = stringify(describe(workspace, patience), { lineWidth: 110 });
  await writeFile(join(workspace.folder, 'cml.yaml'), text);
}

function describe(workspace: ChaosWorkspace, { budgetMs, marginMs }: Patience): object {
  const { parts, folder, envFile, repository, passwordFile } = workspace;
  const service = (name: string, url: string | undefined) => ({
    name,
    command: [process.execPath, fileURLToPath(new URL(`./services/${name}.js`, import.meta.url))],
    folder,
    environment: { PORT: new URL(url ?? '').port, RECORDS: workspace.records, DIARY: workspace.diary },
  });
  const [recorderUrl = '', bystanderUrl] = workspace.serviceUrls;
  const image = join(folder, 'snapshots', 'datasets');
  return {
    data: workspace.data,
    people: { alice: {}, bob: {} },
    trustBarePeople: true,
    workspaces: {
      [workspace.name]: {
        platform: {
          kind: 'local',
          release: '1.4',
          services: [
            service('bystander', bystanderUrl),
            { ...service('recorder', recorderUrl), ready: { http: recorderUrl } },
          ],
          volumes: [{ name: 'volume', path: parts.volume }],
          sharedFolders: [
            { name: 'projects', path: parts.projects },
            {
              name: 'datasets',
              path: parts.datasets,
              location: 'external',
              snapshot: { make: ['cp', '-a', parts.datasets, image], drop: ['rm', '-rf', image], path: image },
            },
          ],
          definition: { files: [envFile] },
        },
        repository: { kind: 'restic', location: repository, passwordFile },
        policy: {
          notice: '500ms',
          downtimeBudget: `${budgetMs}ms`,
          guardMargin: `${marginMs}ms`,
          grace: `${GRACE_MS}ms`,
          approvers: ['bob'],
        },
      },
    },
  };
}

/** How long what a restore displaced is kept: longer than a round looks at it, shorter than the whole run. */
export const GRACE_MS = 45_000;

async function fillParts({ parts }: ChaosWorkspace): Promise<void> {
  for (let number = 0; number < PROJECT_FILES; number++) {
    const home = join(parts.projects, `project-${number % 12}`, number % 3 === 0 ? 'notebooks' : 'src');
    await mkdir(home, { recursive: true });
    await writeFile(join(home, `file-${number}.py`), content(number), { mode: number % 7 === 0 ? 0o755 : 0o644 });
  }
  for (let number = 0; number < 12; number++) {
    const home = join(parts.projects, `project-${number}`);
    await symlink('src', join(home, 'newest'));
    await link(join(home, number % 3 === 0 ? 'notebooks' : 'src', `file-${number}.py`), join(home, 'shared.py'));
  }
  await mkdir(join(parts.projects, 'empty'), { mode: 0o750 });
  for (let number = 0; number < DATASET_FILES; number++) {
    await writeFile(join(parts.datasets, `day-${number}.csv`), content(number + 10_000));
  }
  await writeFile(join(parts.volume, 'settings.conf'), 'fixed\n', { mode: 0o600 });
}

/** Changes something in every part and in the definition, so that what was before is told apart from what comes after. */
export async function changeData(workspace: ChaosWorkspace, chance: Chance, generation: number): Promise<void> {
  const { parts, envFile } = workspace;
  for (const place of Object.values(parts)) await writeFile(join(place, 'generation.txt'), `${generation}\n`);
  await writeFile(envFile, `GENERATION=${generation}\n`);
  for (let times = 0; times < 6; times++) {
    const number = chance.below(PROJECT_FILES);
    const home = join(parts.projects, `project-${number % 12}`, number % 3 === 0 ? 'notebooks' : 'src');
    const bytes = content(generation * 1_000 + number);
    await writeFile(join(home, `file-${number}.py`), bytes, { mode: chance.pick([0o644, 0o600, 0o755]) });
  }
  const added = join(parts.projects, `added-${generation}`);
  await mkdir(added, { recursive: true, mode: chance.pick([0o755, 0o700]) });
  await writeFile(join(added, 'notes.txt'), content(generation));
  await writeFile(join(parts.datasets, `day-${chance.below(DATASET_FILES)}.csv`), content(generation + 20_000));
}

/** Different bytes for different seeds, 1 to 9 KB. */
function content(seed: number): Buffer {
  const buffer = Buffer.alloc(1_000 + ((seed * 37) % 8_000));
  for (let index = 0, state = seed * 2_654_435_761 + 1; index < buffer.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    buffer[index] = state >>> 24;
  }
  return buffer;
}

/** Held together until all are known, so that no port comes twice. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === 'object' && address ? address.port : 0;
    }),
  );
}
