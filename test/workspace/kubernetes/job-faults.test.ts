import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Program, RunProgram } from '../../../src/program.ts';
import { endPrograms } from '../../../src/workspace/kubernetes/end-programs.ts';
import { programNameOf } from '../../../src/workspace/kubernetes/job-spec.ts';
import { EVENT, JOB, NAMESPACE as NAMESPACES, NODE, POD, SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS } from '../../../src/workspace/kubernetes/names.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { findStrays, removeStrays } from '../../../src/workspace/kubernetes/sweep.ts';
import { startGarbageCollector } from '../../fakes/kube-api/controllers/garbage.ts';
import { until } from '../../mover/restic-world.ts';
import { createJobScene, type JobScene, near, OPERATION } from './job-scene.ts';
import { NAMESPACE } from './scene.ts';

let scene: JobScene;
let run: RunProgram;
let path: string;
let directory: string;

beforeEach(async () => {
  scene = await createJobScene();
  ({ path, directory } = await scene.place('scratch', 'notes'));
  run = createJobRunner(scene.context);
});
afterEach(() => scene.dispose());

const shell = (script: string, more: Partial<Program> = {}): Program => ({
  ...{ key: 'work', command: 'sh', args: ['-c', script], graceMs: 2_000 },
  ...near(path),
  ...more,
});
const lines: string[] = [];
const start = (program: Program, runner = run) => {
  lines.length = 0;
  return runner(program, { folder: scene.folder, onLine: (line) => lines.push(line) });
};
const outside = (name: string) => join(directory, name);
const inside = (name: string) => `${path}/${name}`;
const podOf = (key = 'work') =>
  scene.double.store
    .list(POD, NAMESPACE)
    .find(({ metadata }) => metadata.labels?.['job-name'] === programNameOf(OPERATION, key));
const jobs = () => scene.double.store.list(JOB, NAMESPACE);
const waits = () =>
  shell(`echo begun; touch ${inside('begun')}; until [ -e ${inside('go')} ]; do sleep 0.02; done; echo over`);
const begun = () => until(() => existsSync(outside('begun')));

describe('a program that runs as a Job', () => {
  it('says every line once when the connection to its log, or the watch of its pod, drops', async () => {
    const script = `n=0; while [ $n -lt 40 ]; do n=$((n+1)); echo line $n; sleep 0.05; done`;
    const done = start(shell(script));
    for (const seen of [5, 15, 25]) {
      await until(() => lines.length >= seen);
      scene.double.faults.dropLogs();
      scene.double.faults.dropWatches();
    }
    expect((await done).exitCode).toBe(0);
    expect(lines).toEqual(Array.from({ length: 40 }, (_, at) => `line ${at + 1}`));
  }, 20_000);

  it('answers SIGKILL when it is killed with all that is around it', async () => {
    const done = start(waits());
    await begun();
    scene.double.world.programs.get(podOf()?.metadata.uid ?? '')?.kill();
    expect(await done).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(lines).toEqual(['begun']);
  });

  it('says that its pod was deleted, and can be tried again', async () => {
    const done = start(waits());
    await begun();
    await scene.context.cluster.remove(POD, podOf()?.metadata.name ?? '', NAMESPACE);
    await expect(done).rejects.toMatchObject({ code: 'platform-unavailable', retryable: true });
    expect(jobs()).toEqual([]);
    expect(await start(shell('echo again'))).toMatchObject({ exitCode: 0 });
  });

  it('says that it took longer than a mover may', async () => {
    const { settings } = scene.context;
    const limited = { ...settings, movers: { ...settings.movers, deadline: 1_000 } };
    const done = start(waits(), createJobRunner({ ...scene.context, settings: limited }));
    await expect(done).rejects.toMatchObject({ message: 'The program work took longer than a mover may' });
  });

  it('says why it did not begin in time, and leaves nothing behind', async () => {
    for (const { metadata } of scene.double.store.list(NODE))
      scene.double.store.edit(NODE, metadata.name, undefined, (node) => {
        node.spec.unschedulable = true;
      });
    const done = start(waits(), createJobRunner(scene.context, { beginsWithinMs: 300 }));
    await expect(done).rejects.toMatchObject({
      message: expect.stringMatching(/did not begin in time: no node takes it: 0 nodes are available/),
      retryable: true,
    });
    expect([...jobs(), ...scene.double.store.list(SECRET, NAMESPACE)]).toEqual([]);
  });

  it('is not taken for a success when its output was cut off, as a log that was rotated is', async () => {
    const { cluster } = scene.context;
    const readLog: typeof cluster.readLog = (pod, onLine, options) =>
      cluster.readLog(pod, (line) => (/ 0$/.test(line) ? undefined : onLine(line)), options);
    const cut = createJobRunner({ ...scene.context, cluster: { ...cluster, readLog } });
    const message = 'The output of work could not be read to its end';
    await expect(start(shell('echo one'), cut)).rejects.toMatchObject({ message, retryable: true });
    expect(jobs()).toEqual([]);
  });

  it('says why it got no pod', async () => {
    await scene.dispose();
    scene = await createJobScene({}, (world) => world.onStop(startGarbageCollector(world)));
    await scene.place('scratch', 'notes');
    const [name, type] = [programNameOf(OPERATION, 'work'), 'Warning'];
    const message = 'pods "x" is forbidden: unable to validate against any security context constraint';
    scene.double.store.create(EVENT, {
      metadata: { name: 'told', namespace: NAMESPACE },
      ...{ type, message, reason: 'FailedCreate', involvedObject: { kind: 'Job', name, namespace: NAMESPACE } },
    } as KubernetesObject);
    const done = start(waits(), createJobRunner(scene.context, { beginsWithinMs: 300 }));
    await expect(done).rejects.toThrow(`did not begin in time: it has no pod; ${message}`);
  });

  it('runs where we are when it needs no place', async () => {
    expect(await start({ key: 'here', command: 'echo', args: ['here'] })).toMatchObject({ exitCode: 0 });
    expect(scene.double.requests.filter(({ kind, verb }) => kind === 'Job' && verb === 'create')).toEqual([]);
  });

  it('cannot write where it only reads', async () => {
    const { stderr, exitCode } = await start(shell(`touch ${inside('x')}`, near(path, 'read')));
    expect(exitCode).not.toBe(0);
    expect(stderr.join()).toContain('Read-only file system');
  });

  it('gets no rights but to read everything, unless it writes; never a group for its files', async () => {
    const granted = 'grep CapBnd /proc/self/status';
    for (const [access, needed] of [
      ['read', 1],
      ['write', 7],
    ] as const) {
      await start(shell(granted, near(path, access)));
      const bits = BigInt(`0x${lines[0]?.split('\t')[1]}`)
        .toString(2)
        .replaceAll('0', '').length;
      expect(bits).toBe(needed);
    }
  });

  it('has the SELinux level of its namespace, one try, a deadline and no token', async () => {
    scene.double.store.edit(NAMESPACES, NAMESPACE, undefined, (namespace) => {
      namespace.metadata.annotations = { 'openshift.io/sa.scc.mcs': 's0:c27,c4' };
    });
    const done = expect(start(waits())).rejects.toMatchObject({ code: 'platform-unavailable' });
    await begun();
    const [job] = jobs();
    expect(job?.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 86_400 });
    expect(job?.spec.template.spec).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 2,
      securityContext: { seLinuxOptions: { level: 's0:c27,c4' } },
    });
    expect(JSON.stringify(job)).not.toContain('fsGroup');
    await endPrograms(scene.context, OPERATION);
    await done;
  });

  it('goes on when we die before or after any write, and never runs twice at once', async () => {
    const alone = `[ ! -e ${inside('alone')} ] || touch ${inside('twice')}; touch ${inside('alone')}
      echo x >> ${inside('starts')}; sleep 0.05; rm ${inside('alone')}`;
    for (const hook of ['beforeWrite', 'afterWrite'] as const) {
      for (let write = 1; write <= 5; write += 1) {
        const life = scene.life();
        let count = 0;
        const end = scene.double.faults[hook](() => {
          count += 1;
          if (count !== write) return undefined;
          life.die();
          return 'drop';
        });
        const first = createJobRunner(life.context)(shell(alone), { folder: scene.folder });
        await Promise.race([first.catch(() => {}), until(() => count >= write)]);
        end();
        expect((await start(shell(alone))).exitCode).toBe(0);
        expect([...jobs(), ...scene.double.store.list(SECRET, NAMESPACE)]).toEqual([]);
      }
    }
    expect(existsSync(outside('twice'))).toBe(false);
    expect((await readFile(outside('starts'), 'utf8')).length).toBeGreaterThan(0);
  }, 60_000);
});

describe('ending the programs of an operation', () => {
  it('ends all of them, and only them', async () => {
    // Two nodes may not have one volume at once.
    const other = await scene.place('scratch', 'other');
    const touching = (key: string, place: string) =>
      run(shell(`while :; do touch ${place}/${key}; sleep 0.02; done`, { key, ...near(place) }), {
        folder: scene.folder,
      });
    const ended = [touching('one', path), touching('two', other.path)].map((done) => done.catch((error) => error));
    await until(() => existsSync(outside('one')) && existsSync(join(other.directory, 'two')));
    await endPrograms(scene.context, 'op_other');
    expect(jobs()).toHaveLength(2);
    await endPrograms(scene.context, OPERATION);
    expect(jobs()).toEqual([]);
    expect([podOf('one'), podOf('two')]).toEqual([undefined, undefined]);
    expect(scene.double.store.list(SECRET, NAMESPACE)).toEqual([]);
    for (const error of await Promise.all(ended)) expect(error).toMatchObject({ code: 'platform-unavailable' });
  });
});

describe('a sweep', () => {
  it('lists what no operation needs any more and removes it when asked, but nothing that was displaced', async () => {
    const { context } = scene;
    const kept = { [LABELS.role]: 'displaced', [LABELS.operation]: 'op_old' };
    const ours = { [LABELS.managedBy]: 'cml-backup', [LABELS.workspace]: context.workspace };
    await scene.claim('kept', { ...ours, ...kept });
    await scene.claim('stray', { ...ours, ...kept, [LABELS.role]: 'staged' });
    await scene.claim('theirs', { [LABELS.operation]: 'op_old' });
    const done = start(waits()).catch((error) => error);
    await begun();
    const named = (strays: Awaited<ReturnType<typeof findStrays>>) => strays.map(({ kind, name }) => [kind.kind, name]);
    expect(named(await findStrays(context, [OPERATION]))).toEqual([['PersistentVolumeClaim', 'stray']]);
    const name = programNameOf(OPERATION, 'work');
    const strays = await findStrays(context, []);
    expect(named(strays)).toEqual([
      ['Job', name],
      ['Secret', name],
      ['PersistentVolumeClaim', 'stray'],
    ]);
    await removeStrays(context, strays);
    expect(await done).toMatchObject({ code: 'platform-unavailable' });
    expect(await findStrays(context, [])).toEqual([]);
  });
});
