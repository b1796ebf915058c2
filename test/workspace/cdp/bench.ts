import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import type { ControlPlane } from '../../../src/workspace/cdp/client/control-plane.ts';
import { createControlPlane } from '../../../src/workspace/cdp/client/create-control-plane.ts';
import { createCdpPlatform } from '../../../src/workspace/cdp/platform.ts';
import { cdpSettings } from '../../../src/workspace/cdp/settings.ts';
import { createLocalPlatform } from '../../../src/workspace/local/platform.ts';
import { createLocalRunProgram } from '../../../src/workspace/local/run-program.ts';
import { localSettings } from '../../../src/workspace/local/settings.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { type ControlPlaneDouble, createControlPlaneDouble, type DoubleOptions } from '../../fakes/cdp/double.ts';
import { guardMain, makeFolder, silent } from '../local/bench.ts';

export const WORKSPACE = 'ml-prod';
/** The external folders. */
export const FOLDERS = ['datasets', 'models'] as const;

const guard = resolve('dist/src/workspace/cdp/guard-main.js');
/** Answers as a guard does, takes its answer with it when it leaves, and starts much quicker; it never acts. */
const STANDS_FOR_GUARD = [
  ...['sh', '-c'],
  `while [ -e "$0/guard.json" ]; do
     nonce=$(sed -n 's/.*"nonce": "\\(.*\\)".*/\\1/p' "$0/guard.json")
     [ -n "$nonce" ] && [ "$nonce" != "$last" ] && last=$nonce && echo "{\\"nonce\\":\\"$nonce\\",\\"pid\\":$$}" > "$0/new" && mv "$0/new" "$0/guard-answer.json"
     sleep 0.1
   done
   grep -qs "\\"pid\\":$$}" "$0/guard-answer.json" && rm -f "$0/guard-answer.json"`,
];

export interface CdpBench {
  readonly root: string;
  readonly double: ControlPlaneDouble;
  readonly platform: WorkspacePlatform;
  readonly settings: ReturnType<typeof cdpSettings.parse>;
  pathOf(folder: string): string;
  /** Another life of the server; `change` its control plane, to end it between two calls. */
  again(world?: LifeWorld): WorkspacePlatform;
  dispose(): Promise<void>;
}

export interface LifeWorld {
  readonly controlPlane?: (real: ControlPlane) => ControlPlane;
  readonly files?: (real: WorkspacePlatform) => WorkspacePlatform;
  readonly clock?: Clock;
  /** Another workspace of the same control plane, with external folders of its own, which have to be made. */
  readonly as?: string;
}

interface BenchWish {
  readonly double?: DoubleOptions;
  readonly platform?: object;
  /** False: nothing tells when the database is gone. */
  readonly hasProbe?: boolean;
  /** The real one, which is the built one. */
  readonly hasGuard?: boolean;
  readonly folders?: readonly object[];
}

/** One workspace of a control plane that is a double, with external folders that are real. */
export async function makeCdpBench({ hasProbe = true, hasGuard = false, ...wish }: BenchWish = {}): Promise<CdpBench> {
  const double = await createControlPlaneDouble({ minuteMs: 500, ...wish.double });
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cml-cdp-')));
  const pathOf = (folder: string) => join(root, folder);
  for (const folder of FOLDERS) await makeFolder(pathOf(folder));
  const settings = cdpSettings.parse({
    kind: 'cdp',
    controlPlane: { endpoint: double.url },
    workspace: { environment: 'env-1', name: WORKSPACE },
    poll: '20ms',
    listedWithin: '300ms',
    sharedFolders: wish.folders ?? FOLDERS.map((name) => ({ name, path: pathOf(name), capture: 'two-pass' })),
    ...(hasProbe ? { databaseProbe: { tcp: `127.0.0.1:${double.workspace().services.port}` } } : {}),
    ...wish.platform,
  });
  const { accessKeyId, privateKey } = double.credentials;
  const environment = { CDP_ACCESS_KEY_ID: accessKeyId, CDP_PRIVATE_KEY: privateKey };
  const settingsOf = (name: string, at: string) => ({
    ...settings,
    workspace: { environment: 'env-1', name },
    databaseProbe: undefined,
    sharedFolders: settings.sharedFolders.map((folder) => ({ ...folder, path: join(at, folder.name) })),
  });
  const again = (life: LifeWorld = {}) => {
    const { controlPlane = (real) => real, files = (real) => real, clock = systemClock, as = WORKSPACE } = life;
    const at = as === WORKSPACE ? root : join(root, as);
    const of = as === WORKSPACE ? settings : settingsOf(as, at);
    return createCdpPlatform({
      ...{ workspace: as, settings: of, clock, log: silent, folder: join(at, 'state', 'control-plane') },
      controlPlane: controlPlane(
        createControlPlane(settings.controlPlane, { environment, clock: systemClock, log: silent }),
      ),
      guardProgram: hasGuard ? [process.execPath, guard] : STANDS_FOR_GUARD,
      loginEnvironment: environment,
      pageCommand: ['sh', '-c', `cat >> ${root}/pages`],
      files: files(
        createLocalPlatform({
          ...{ workspace: as, policy: workspacePolicy.parse({}), clock, log: silent },
          settings: localSettings.parse({
            kind: 'local',
            sharedFolders: of.sharedFolders.map((folder) => ({ ...folder, location: 'external' })),
          }),
          folder: join(at, 'state'),
          workFolder: (operationId) => join(root, 'work', operationId),
          run: createLocalRunProgram(),
          guardProgram: [process.execPath, guardMain],
        }),
      ),
    });
  };
  return {
    ...{ root, double, settings, pathOf, again },
    platform: again(),
    async dispose() {
      await double.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
