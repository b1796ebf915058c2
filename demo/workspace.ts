import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** Where everything of the demo's workspace stands. */
export interface DemoWorkspace {
  readonly name: 'team-ml';
  readonly folder: string;
  readonly configFile: string;
  readonly dataFolder: string;
  readonly databaseVolume: string;
  readonly projects: string;
  readonly datasets: string;
  readonly envFile: string;
  readonly databaseUrl: string;
  readonly webUrl: string;
  /** What the writer notes; outside of every part. */
  readonly acknowledged: string;
  readonly projectFiles: number;
}

/** Every process that the demo starts, however indirectly, can be found by this variable. */
export const DEMO_MARK = 'CML_DEMO_FOLDER';

/** A folder with this file in it may be removed by the next demo. */
export const MADE_BY_DEMO = 'made-by-the-demo.txt';

const PROJECTS = 24;
const FILES_PER_PROJECT = 120;

/** Makes the workspace in a folder that does not exist yet, and the `cml.yaml` that describes it. Starts nothing. */
export async function setUpWorkspace(
  folder: string,
  services = fileURLToPath(new URL('./services', import.meta.url)),
): Promise<DemoWorkspace> {
  const at = (...names: string[]) => join(folder, ...names);
  const [databasePort, webPort] = await findFreePorts(2);
  await mkdir(folder, { recursive: true });
  await writeFile(at(MADE_BY_DEMO), 'The demo made this folder, and removes it when it is run again.\n');
  await mkdir(at('cml-data', 'secrets'), { recursive: true });
  await chmod(at('cml-data'), 0o711);
  await mkdir(at('team-ml'));
  await mkdir(at('team-ml', 'db'), { mode: 0o700 });
  await writeFile(at('team-ml', '.env'), 'GREETING=Welcome to team-ml\nREGION=north\n', { mode: 0o640 });
  const projectFiles = await writeProjects(at('team-ml', 'projects'));
  await writeDatasets(at('datasets'));
  await writeFile(at('cml-data', 'secrets', 'team-ml.password'), `${randomBytes(24).toString('base64url')}\n`, {
    mode: 0o600,
  });
  const workspace: DemoWorkspace = {
    name: 'team-ml',
    folder,
    configFile: at('cml.yaml'),
    dataFolder: at('cml-data'),
    databaseVolume: at('team-ml', 'db'),
    projects: at('team-ml', 'projects'),
    datasets: at('datasets'),
    envFile: at('team-ml', '.env'),
    databaseUrl: `http://127.0.0.1:${databasePort}`,
    webUrl: `http://127.0.0.1:${webPort}`,
    acknowledged: at('acknowledged.txt'),
    projectFiles,
  };
  await writeFile(workspace.configFile, stringify(describeWorkspace(workspace, services), { lineWidth: 110 }));
  return workspace;
}

function describeWorkspace(workspace: DemoWorkspace, services: string): object {
  const mark = { [DEMO_MARK]: workspace.folder };
  const web = {
    name: 'web',
    command: [process.execPath, join(services, 'web.js')],
    folder: './team-ml',
    environment: {
      ...mark,
      PORT: new URL(workspace.webUrl).port,
      PROJECTS: workspace.projects,
      DATABASE_URL: workspace.databaseUrl,
      ENV_FILE: workspace.envFile,
    },
    ready: { http: `${workspace.webUrl}/health` },
    startWithin: '60s',
  };
  const database = {
    name: 'database',
    command: [process.execPath, join(services, 'database.js')],
    folder: './team-ml',
    environment: { ...mark, PORT: new URL(workspace.databaseUrl).port, DATA: workspace.databaseVolume },
    ready: { http: `${workspace.databaseUrl}/health` },
    startWithin: '60s',
  };
  return {
    data: './cml-data',
    people: { alice: {}, bob: {} },
    trustBarePeople: true,
    workspaces: {
      [workspace.name]: {
        platform: {
          kind: 'local',
          release: '1.4',
          services: [web, database],
          volumes: [{ name: 'database', path: './team-ml/db' }],
          sharedFolders: [
            { name: 'projects', path: './team-ml/projects' },
            { name: 'datasets', path: './datasets', location: 'external' },
          ],
          definition: { files: ['./team-ml/.env'] },
        },
        repository: {
          kind: 'restic',
          location: './repository',
          passwordFile: './cml-data/secrets/team-ml.password',
        },
        policy: { notice: '3s', approvers: ['alice', 'bob'] },
      },
    },
  };
}

/** A few thousand files as people leave them: nested, of many sizes, linked, with odd names, modes and times. */
async function writeProjects(root: string): Promise<number> {
  let files = 0;
  for (let project = 1; project <= PROJECTS; project++) {
    const home = join(root, `project-${String(project).padStart(2, '0')}`);
    for (const folder of ['src/lib', 'notebooks', 'models/v1']) await mkdir(join(home, folder), { recursive: true });
    for (let number = 0; number < FILES_PER_PROJECT; number++) {
      const folder = ['src', 'src/lib', 'notebooks', 'models/v1'][number % 4] ?? 'src';
      const path = join(home, folder, `file-${number}.${number % 4 === 3 ? 'bin' : 'py'}`);
      await writeFile(path, content(project * 1_000 + number, sizeOf(number)), {
        mode: number % 10 === 0 ? 0o755 : 0o644,
      });
      await setTimes(path, project * 86_400 + number * 61.5);
      files++;
    }
    await symlink('../src/file-0.py', join(home, 'notebooks', 'start.py'));
    await link(join(home, 'src', 'file-4.py'), join(home, 'notebooks', 'shared.py'));
    files += 2;
  }
  return files + (await writeOddities(join(root, 'odd corners')));
}

async function writeOddities(folder: string): Promise<number> {
  await mkdir(join(folder, 'empty'), { recursive: true });
  await writeFile(join(folder, 'no bytes'), '');
  await writeFile(join(folder, 'größe – 大きさ – 🧪.txt'), content(1, 900));
  await writeFile(join(folder, 'a "quoted" & $strange; name\\'), content(2, 300));
  await writeFile(join(folder, 'read only'), content(3, 4_000), { mode: 0o444 });
  await writeFile(join(folder, 'private'), content(4, 4_000), { mode: 0o600 });
  await writeFile(join(folder, 'model.bin'), content(5, 6_000_000));
  await symlink('nowhere/at all', join(folder, 'points nowhere'));
  await symlink('..', join(folder, 'points up'));
  await mkdir(join(folder, 'sticky and shared'));
  await chmod(join(folder, 'sticky and shared'), 0o1777);
  await mkdir(join(folder, 'for the group'));
  await chmod(join(folder, 'for the group'), 0o2750);
  await setTimes(join(folder, 'empty'), 12.25);
  return 8;
}

async function writeDatasets(root: string): Promise<void> {
  for (const month of ['01', '02', '03']) {
    await mkdir(join(root, `month-${month}`), { recursive: true });
    for (let day = 1; day <= 28; day++) {
      await writeFile(join(root, `month-${month}`, `day-${day}.csv`), content(Number(month) * 100 + day, 20_000));
    }
  }
  await symlink('month-03', join(root, 'latest'));
}

/** Mostly small, some of a page or two, a few large. */
function sizeOf(number: number): number {
  if (number % 60 === 59) return 400_000;
  if (number % 9 === 0) return 30_000 + number * 37;
  return 200 + number * 23;
}

/** The same bytes for the same seed, and not the same as for any other (a linear congruential generator). */
function content(seed: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let index = 0, state = seed * 2_654_435_761 + 1; index < bytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    buffer[index] = state >>> 24;
  }
  return buffer;
}

/** Seconds before a fixed day, so that no file looks freshly written. */
async function setTimes(path: string, secondsBefore: number): Promise<void> {
  const time = new Date('2025-01-31T12:00:00Z').getTime() / 1_000 - secondsBefore;
  await utimes(path, time, time);
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
