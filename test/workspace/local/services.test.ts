import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { identify } from '../../../src/process-identity.ts';
import type { RunningNote } from '../../../src/workspace/platform.ts';
import {
  type Bench,
  commanded,
  freePort,
  makeBench,
  OPERATION,
  obedient,
  stubborn,
  supervised,
  until,
  webService,
} from './bench.ts';

let bench: Bench;
afterEach(() => bench.dispose());

function noteOf(...names: string[]): RunningNote {
  const services = names.map((name) => ({ name, ready: true }));
  return { operationId: OPERATION, notedAt: '2026-01-01T00:00:00.000Z', services };
}

it('waits until a web service answers before it counts as started', async () => {
  const port = await freePort();
  bench = await makeBench(() => ({ services: [webService(port)] }));
  await bench.platform.start(noteOf('web'));
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  expect((await bench.platform.inspect()).services).toEqual([{ name: 'web', running: true, ready: true }]);
});

it('knows readiness by a port and by a command', async () => {
  const port = await freePort();
  bench = await makeBench((root) => ({
    services: [
      { ...webService(port), ready: { tcp: `127.0.0.1:${port}` } },
      supervised('db', ['sh', '-c', `sleep 0.3; touch ${root}/up; sleep 100`], {
        ready: { command: ['test', '-e', `${root}/up`] },
      }),
    ],
  }));
  await bench.platform.start(noteOf('web', 'db'));
  expect(existsSync(join(bench.root, 'up'))).toBe(true);
});

it('finds its services again in another life and does not start them twice', async () => {
  bench = await makeBench(() => ({ services: [supervised('web')] }));
  await bench.platform.start(noteOf('web'));
  const before = bench.pidsOf('web');
  await bench.again().start(noteOf('web'));
  expect(bench.pidsOf('web').filter((pid) => before.includes(pid))).not.toEqual([]);
  expect(await bench.again().inspect()).toMatchObject({ services: [{ name: 'web', running: true }] });
});

it('finds a service whose record was lost in a crash right after its start', async () => {
  bench = await makeBench(() => ({ services: [supervised('web')] }));
  await bench.platform.start(noteOf('web'));
  await writeFile(join(bench.folder, 'services', 'web.json'), JSON.stringify({ name: 'web' }));
  const note = await bench.again().noteRunning(OPERATION);
  expect(note.services).toEqual([{ name: 'web', ready: true }]);
  await bench.again().stop(note);
  expect(bench.pidsOf('web')).toEqual([]);
});

it('stops forked children too, also those that dropped their environment and outlived their parent', async () => {
  bench = await makeBench((root) => ({
    services: [
      supervised('web', [
        'sh',
        '-c',
        `env -i sh -c 'echo $$ > ${root}/child; exec sleep 1000' & sleep 0.1; while [ ! -s ${root}/child ]; do sleep 0.02; done; sleep 0.4`,
      ]),
    ],
  }));
  await bench.platform.start(noteOf('web'));
  const child = Number(readFileSync(join(bench.root, 'child'), 'utf8'));
  await until('only the child is left', () => bench.pidsOf('web').length === 0);
  expect(identify(child)).toBeDefined();
  const note = await bench.platform.noteRunning(OPERATION);
  expect(note.services).toHaveLength(1);
  await bench.platform.stop(note);
  expect(identify(child)).toBeUndefined();
});

it('never touches a stranger that got the number of a dead service', async () => {
  bench = await makeBench(() => ({ services: [supervised('web'), supervised('other')] }));
  await bench.platform.start(noteOf('other'));
  const [stranger = 0] = bench.pidsOf('other');
  const identity = { ...identify(stranger), startTime: '1' };
  await writeFile(join(bench.folder, 'services', 'web.json'), JSON.stringify({ name: 'web', identity }));
  expect((await bench.platform.inspect()).services[0]).toEqual({ name: 'web', running: false, ready: false });
  await bench.platform.stop(noteOf('web'));
  expect(bench.pidsOf('other')).toContain(stranger);
});

it('does not kill a service that will not stop, and says so', async () => {
  bench = await makeBench(() => ({ services: [supervised('web', stubborn, { stop: { grace: '300ms' } })] }));
  await bench.platform.start(noteOf('web'));
  const note = await bench.platform.noteRunning(OPERATION);
  await expect(bench.platform.stop(note)).rejects.toMatchObject({
    code: 'service-will-not-stop',
    message: expect.stringContaining('web'),
  });
  expect(bench.pidsOf('web').length).toBeGreaterThan(0);
  await bench.platform.start(note);
  expect(await bench.platform.readNote()).toBeUndefined();
});

it('kills a service that will not stop where that is allowed', async () => {
  bench = await makeBench((root) => ({
    services: [supervised('web', stubborn, { stop: { grace: '300ms', kill: true } })],
    volumes: [{ name: 'db', path: join(root, 'db') }],
  }));
  await bench.platform.start(noteOf('web'));
  const note = await bench.platform.noteRunning(OPERATION);
  const quiet = await bench.platform.stop(note);
  expect(bench.pidsOf('web')).toEqual([]);
  const said = ['the service web did not end within its grace and was killed'];
  expect(quiet.killed).toEqual({ db: said });
  await bench.platform.start(note);
  expect(readFileSync(join(bench.folder, 'services', 'web.json'), 'utf8')).not.toContain('wasKilled');
});

it('starts a service anew that was told to stop and is still on its way out', async () => {
  const slow = ['sh', '-c', 'trap "sleep 1; exit 0" TERM; while :; do sleep 0.05; done'];
  bench = await makeBench(() => ({ services: [supervised('web', slow)] }));
  await bench.platform.start(noteOf('web'));
  const before = bench.pidsOf('web');
  const note = await bench.platform.noteRunning(OPERATION);
  const giveUp = new AbortController();
  const stopping = bench.platform.stop(note, { signal: giveUp.signal });
  await until('it was told to stop', () =>
    /"toldToStop": true/.test(readFileSync(join(bench.folder, 'services', 'web.json'), 'utf8')),
  );
  giveUp.abort(new Error('given up'));
  await expect(stopping).rejects.toThrow('given up');
  await bench.platform.start(note);
  expect(bench.pidsOf('web').filter((pid) => before.includes(pid))).toEqual([]);
  expect(bench.pidsOf('web').length).toBeGreaterThan(0);
});

it('does not start a service again that ends by itself, and leaves the note standing', async () => {
  bench = await makeBench((root) => ({
    services: [supervised('good'), supervised('bad', ['sh', '-c', `echo x >> ${root}/starts; exit 3`])],
  }));
  await bench.platform.start(noteOf('good'));
  const note = await bench.platform.noteRunning(OPERATION);
  await bench.platform.stop(note);
  const both = { ...note, services: [...note.services, { name: 'bad', ready: true }] };
  await expect(bench.platform.start(both)).rejects.toMatchObject({ code: 'service-will-not-start' });
  expect(readFileSync(join(bench.root, 'starts'), 'utf8')).toBe('x\n');
  expect(bench.pidsOf('good').length).toBeGreaterThan(0);
  expect(await bench.platform.readNote()).toEqual(note);
});

it('says which command cannot be started', async () => {
  bench = await makeBench(() => ({ services: [supervised('web', ['/nowhere/web'])] }));
  await expect(bench.platform.start(noteOf('web'))).rejects.toMatchObject({ code: 'service-will-not-start' });
});

it('fails a commanded service whose status never changes', async () => {
  bench = await makeBench((root) => ({
    services: [{ ...commanded('db', join(root, 'runs')), stop: ['true'], stopWithin: '300ms' }],
  }));
  await bench.platform.start(noteOf('db'));
  await expect(bench.platform.stop(noteOf('db'))).rejects.toMatchObject({ code: 'service-will-not-stop' });
});

it('rebuilds the note from the stopped services when its file is lost', async () => {
  bench = await makeBench(() => ({ services: [supervised('web'), supervised('db', obedient)] }));
  await bench.platform.start(noteOf('web', 'db'));
  const note = await bench.platform.noteRunning(OPERATION);
  await bench.platform.stop(note);
  const { rm } = await import('node:fs/promises');
  await rm(join(bench.folder, 'running.json'));
  expect(await bench.again().readNote()).toEqual(note);
  await bench.again().start(note);
  expect(await bench.again().readNote()).toBeUndefined();
});
