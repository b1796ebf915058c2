import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

const platform = (more = '') => `data: ./cml-data
people: { alice: { uid: 1000 }, bob: { uid: 1001 } }
workspaces:
  ml-prod:
    platform:
      kind: cdp
      controlPlane:
        endpoint: https://console.example.com/
        caFile: ./ca.pem
        credentials: { from: folder, folder: ./secret }
      workspace: { environment: prod, name: ml-prod }
      databaseProbe: { tcp: 'db.example.com:5432' }
      workloads: { keyFile: ./api-key, atStop: wait }
      sharedFolders:
        - { name: projects, path: ./projects }
        - { name: models, path: ./models, snapshot: { make: [mk], drop: [rm], path: ./models/.snapshot/cml } }
${more}    repository: { kind: restic, location: ./repository, passwordFile: ./password }
    policy: { approvers: [bob] }
`;

describe('a workspace behind a control plane', () => {
  let home: string;
  beforeEach(async () => {
    home = await realpath(await mkdtemp(join(tmpdir(), 'cml-config-')));
  });
  afterEach(() => rm(home, { recursive: true }));

  async function read(text: string) {
    await mkdir(join(home, 'conf'), { recursive: true });
    await writeFile(join(home, 'conf', 'cml.yaml'), text);
    return readConfig({ path: join(home, 'conf', 'cml.yaml'), cwd: home, environment: {} });
  }

  test('is read with absolute paths and defaults', async () => {
    const { workspaces } = await read(platform());
    const at = (name: string) => join(home, 'conf', name);
    expect(workspaces['ml-prod']?.platform).toMatchObject({
      controlPlane: {
        endpoint: 'https://console.example.com',
        caFile: at('ca.pem'),
        credentials: { from: 'folder', folder: at('secret') },
      },
      cancellation: { resource: 'workspace', workflowType: 'backup' },
      ...{ poll: 10_000, listedWithin: 120_000 },
      workloads: { keyFile: at('api-key'), atStop: 'wait', waitFor: 1_800_000 },
      sharedFolders: [
        { name: 'projects', path: at('projects') },
        { name: 'models', snapshot: { path: at('models/.snapshot/cml') } },
      ],
    });
  });

  test.each([
    ['      backupTimeout: soon\n', /backupTimeout/],
    ['      volumes: []\n', /volumes/],
    ['      readyStates: [""]\n', /readyStates/],
  ])('names what is wrong where it stands: %s', async (more, says) => {
    await expect(read(platform(more))).rejects.toThrow(says);
  });

  test('has one part of that name already, which the control plane takes', async () => {
    const text = platform().replace('name: projects', 'name: workspace');
    await expect(read(text)).rejects.toThrow(/the part that the control plane takes/);
  });
});
