import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLAIM, CONFIG_MAP, POD, SECRET, VOLUME } from '../../src/workspace/kubernetes/kinds.ts';
import { deleteObject } from '../fakes/kube-api/controllers/garbage.ts';
import { isOver, isReady } from '../fakes/kube-api/controllers/pod-status.ts';
import { makeScene, type Scene, SPACE } from './workload-scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await makeScene();
});
afterEach(() => scene.dispose());

type Spec = Record<string, unknown>;

/** A pod of ours that runs a shell script. */
function run(script: string, spec: Spec = {}, container: Spec = {}): void {
  scene.make(POD, {
    metadata: { name: 'mover', labels: { 'cml-backup/operation': 'op_1' } },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: 'ours', command: ['sh', '-c', script], ...container }],
      ...spec,
    },
  });
}

const pod = () => scene.get(POD, 'mover');
const logOf = () => scene.world.logs.read(pod()?.metadata.uid ?? '', 'main');
const exitCode = () => pod()?.status.containerStatuses[0].state.terminated.exitCode;

/** Of every process of this machine. */
function commands(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // it has just ended
      }
    });
}

async function over(): Promise<string> {
  await scene.until(() => isOver(pod() as never));
  return logOf();
}

/** A bound claim; answers the directory of its volume. */
function claim(name: string): string {
  const csi = { driver: 'a.driver', volumeHandle: name };
  const spec = { csi, accessModes: ['ReadWriteOnce'], claimRef: { name, namespace: SPACE } };
  scene.world.store.create(VOLUME, { metadata: { name: `pv-${name}` }, spec } as never);
  scene.world.store.create(CLAIM, {
    ...{ metadata: { name, namespace: SPACE }, spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound' } },
  } as never);
  return scene.world.directoryOf(`pv-${name}`);
}

const uses = (claimName: string, rest: Spec = {}) => ({
  name: claimName,
  persistentVolumeClaim: { claimName, ...rest },
});

test('shows a pod its volumes at their places, and writes what it writes to them', async () => {
  const data = claim('data-db-0');
  writeFileSync(join(data, 'row'), 'one\n');
  run(
    'cat /mnt/cml/live/db/row; echo two >/mnt/cml/live/db/row; ls /mnt/cml/live',
    { volumes: [uses('data-db-0')] },
    { volumeMounts: [{ name: 'data-db-0', mountPath: '/mnt/cml/live/db' }] },
  );
  expect(await over()).toBe('one\ndb\n');
  expect(readFileSync(join(data, 'row'), 'utf8')).toBe('two\n');
});

test('lets nothing be written to what is mounted to be read', async () => {
  claim('data-db-0');
  run(
    'touch /mnt/cml/live/db/new',
    { volumes: [uses('data-db-0')] },
    { volumeMounts: [{ name: 'data-db-0', mountPath: '/mnt/cml/live/db', readOnly: true }] },
  );
  expect(await over()).toContain('Read-only file system');
  expect(exitCode()).not.toBe(0);
});

test('hides what this machine keeps for itself', async () => {
  const mine = join(scene.world.folder, 'mine');
  writeFileSync(mine, 'secret');
  run(`cat ${mine}; touch /etc/new; echo still; touch /tmp/new && echo room`);
  expect(await over()).toMatch(/No such file[\s\S]*Read-only[\s\S]*still\nroom/);
});

test('puts secrets and configuration where they are mounted, also where the machine has nothing', async () => {
  scene.make(SECRET, { metadata: { name: 'keys' }, stringData: { password: 'correct horse', other: 'x' } });
  scene.make(CONFIG_MAP, { metadata: { name: 'words' }, data: { greeting: 'hello' } });
  const keys = { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } };
  const one = { name: 'one', secret: { secretName: 'keys', items: [{ key: 'password', path: 'pw' }] } };
  const words = { name: 'words', configMap: { name: 'words' } };
  run(
    'cat /tmp/data/secrets/password /etc/cml/only/pw /words/greeting; ls /etc/cml/only; stat -c %a /tmp/data/secrets/password; ls -d /etc/passwd',
    { volumes: [keys, one, words] },
    {
      volumeMounts: [
        { name: 'keys', mountPath: '/tmp/data/secrets/password', subPath: 'password' },
        { name: 'one', mountPath: '/etc/cml/only' },
        { name: 'words', mountPath: '/words' },
      ],
    },
  );
  expect(await over()).toBe('correct horsecorrect horsehellopw\n400\n/etc/passwd\n');
});

test('waits in ContainerCreating until its secret is there', async () => {
  run(
    'cat /keys/a',
    { volumes: [{ name: 'k', secret: { secretName: 'late' } }] },
    { volumeMounts: [{ name: 'k', mountPath: '/keys' }] },
  );
  await scene.until(() => pod()?.status.containerStatuses?.[0].state.waiting?.reason === 'ContainerCreating');
  scene.make(SECRET, { metadata: { name: 'late' }, stringData: { a: 'came' } });
  expect(await over()).toBe('came\n');
});

test('fills its environment from values, secrets, configuration and the pod itself', async () => {
  scene.make(SECRET, { metadata: { name: 'keys' }, stringData: { KEY: 'k1', OTHER: 'k2' } });
  const env = [
    { name: 'PLAIN', value: 'p' },
    { name: 'NESTED', value: '$(PLAIN)-$(NONE)' },
    { name: 'FROM', valueFrom: { secretKeyRef: { name: 'keys', key: 'KEY' } } },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ];
  run(
    'echo $PLAIN $NESTED $FROM $NODE $S_OTHER $0',
    {},
    { env, envFrom: [{ prefix: 'S_', secretRef: { name: 'keys' } }], args: ['$(FROM)'] },
  );
  expect(await over()).toBe('p p-$(NONE) k1 lab-node k2 k1\n');
});

test('kills a program that does not heed SIGTERM when its grace is over', async () => {
  scene.world.delays.second = 100;
  run('while true; do sleep 0.01; done'); // the first process of a container: no signal ends it unless it has a trap
  await scene.until(() => isReady(pod() as never));
  const uid = pod()?.metadata.uid;
  const codes: number[] = [];
  scene.world.store.listen(({ object }) => {
    if (object.metadata.uid === uid && object.status?.phase === 'Failed') codes.push(exitCode() ?? 137);
  });
  deleteObject(scene.world, POD, 'mover', SPACE, { graceSeconds: 2 });
  await scene.until(() => pod() === undefined);
  expect(codes.at(-1)).toBe(137);
});

test('ends all that a pod started when the pod is killed', async () => {
  run('sleep 98761 & setsid sleep 98761 & wait');
  await scene.until(() => isReady(pod() as never));
  scene.world.programs.get(pod()?.metadata.uid ?? '')?.kill();
  await over();
  expect(exitCode()).toBe(137);
  expect(commands().filter((line) => line.includes('98761'))).toEqual([]);
});

test('takes away the rights that its security context does not give', async () => {
  const data = claim('data');
  writeFileSync(join(data, 'theirs'), 'x', { mode: 0o600 });
  chmodSync(data, 0o755);
  run(
    'cat /d/theirs; chown 5:5 /d/theirs || echo no chown; id -u',
    { volumes: [uses('data')], securityContext: { runAsUser: 0 } },
    {
      volumeMounts: [{ name: 'data', mountPath: '/d' }],
      securityContext: { capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH'] } },
    },
  );
  expect((await over()).split('\n').filter((line) => !line.startsWith('chown:'))).toContain('0');
  expect(logOf()).toContain('xno chown');
});

test('rewrites modes for fsGroup, even where the container mounts it to be read only', async () => {
  const data = claim('data');
  mkdirSync(join(data, 'pgdata'), { mode: 0o700 });
  run(
    'true',
    { volumes: [uses('data')], securityContext: { fsGroup: 2000 } },
    { volumeMounts: [{ name: 'data', mountPath: '/d', readOnly: true }] },
  );
  await over();
  expect((statSync(join(data, 'pgdata')).mode & 0o7777).toString(8)).toBe('2770');
  expect(statSync(join(data, 'pgdata')).gid).toBe(2000);
});

test('runs what prepares it first, and does not go on when that fails', async () => {
  const init = [{ name: 'first', image: 'ours', command: ['sh', '-c', 'exit 4'] }];
  run('echo never', { initContainers: init });
  expect(await over()).toBe('');
  expect(pod()?.status.phase).toBe('Failed');
});
