import { readFile, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Bench, type BenchWish, heldVolume, makeBench } from './bench.ts';
import { findByCommand, sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

async function given(make?: BenchWish | ((at: Bench['at']) => BenchWish)): Promise<Bench> {
  const bench = await makeBench(make);
  onTestFinished(() => bench.dispose());
  return bench;
}

/** A backup whose services are down until the file `hold` is removed. */
async function givenStopped() {
  const services = [
    { name: 'web', command: ['sleep', '86400'], folder: '.' },
    { name: 'db', command: ['sleep', '86400'], folder: '.' },
  ];
  const bench = await given((at) => ({ services, volumes: [heldVolume(at)] }));
  await writeFile(bench.at('hold'), '');
  const server = await bench.serve();
  await bench.say(['start', 'team-ml']);
  const client = bench.begin(['backup', 'team-ml', '--json']);
  const { id } = await bench.awaitStep('cut');
  await until(
    'the snapshot is being made',
    () => findByCommand((command) => command.includes(bench.at('hold'))).length > 0,
  );
  expect([...bench.pidsOf('web'), ...bench.pidsOf('db')]).toEqual([]);
  return { bench, server, client, id };
}

const areUp = (bench: Bench) => bench.pidsOf('web').length === 1 && bench.pidsOf('db').length === 1;

test('a word starts a server, many at once start and share one, and it ends when nothing is asked', async () => {
  const bench = await given();
  const said = await Promise.all(['status', 'check', 'check', 'list'].map((word) => bench.sayJson([word, 'team-ml'])));
  expect(said.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  expect(said.slice(1, 3).map(({ answer }) => answer.ready)).toEqual([true, true]);
  const [pid, ...others] = bench.serverPids();
  expect(others).toEqual([]);
  sendSignal(pid ?? 0, 'SIGTERM');
  await until('it has ended', () => bench.serverPids().length === 0);

  const server = await bench.serve(['--idle', '1s', '--json']);
  const { exitCode, stdout } = await server.ended;
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).ended).toContain('nothing was asked');
});

test('a second server on one data folder is refused, also under another configuration', async () => {
  const bench = await given();
  await bench.serve();
  await writeFile(bench.at('other.yaml'), await readFile(bench.at('cml.yaml')));
  for (const words of [['serve'], ['serve', '--config', 'other.yaml']]) {
    const refused = await bench.sayJson(words);
    expect(refused).toMatchObject({ exitCode: 3, answer: { error: { code: 'workspace-busy' } } });
    expect(refused.stderr).toContain(`Another server looks after ${bench.at('cml-data')}.`);
  }
  expect((await bench.sayJson(['status'])).exitCode).toBe(0);
});

test('follows the configuration as it is edited, and refuses a broken one until it is mended', async () => {
  const bench = await given();
  await bench.serve();
  expect((await bench.sayJson(['check', 'team-ml'])).answer.ready).toBe(true);
  await bench.configure({ policy: { operators: ['bob'] } });
  expect(await bench.sayJson(['start', 'team-ml'])).toMatchObject({
    exitCode: 3,
    answer: { error: { code: 'not-allowed' } },
  });
  const good = await readFile(bench.at('cml.yaml'), 'utf8');
  await writeFile(bench.at('cml.yaml'), good.replace('release:', 'relese:'));
  // Looking and bringing services back goes on with what was last in order.
  expect((await bench.sayJson(['status', 'team-ml'])).exitCode).toBe(0);
  const broken = await bench.sayJson(['check', 'team-ml']);
  expect(broken).toMatchObject({ exitCode: 2, answer: { error: { code: 'config-invalid' } } });
  expect(broken.stderr).toMatch(/cml\.yaml:\d+: .*relese.*release/);
  await bench.configure();
  expect((await bench.sayJson(['start', 'team-ml'])).exitCode).toBe(0);
  await writeFile(
    bench.at('cml.yaml'),
    (await readFile(bench.at('cml.yaml'), 'utf8')).replace('data: ./cml-data', 'data: ./elsewhere'),
  );
  expect((await bench.sayJson(['config'])).exitCode).toBe(0);
});

test('sends messages to the notify command that stands in the configuration now', async () => {
  const bench = await given();
  await bench.serve();
  const notify = `notify: { command: [sh, -c, 'cat >> ${bench.at('told')}'] }\n`;
  await writeFile(bench.at('cml.yaml'), notify + (await readFile(bench.at('cml.yaml'), 'utf8')));
  expect((await bench.sayJson(['backup', 'team-ml'])).exitCode).toBe(0);
  expect(await readFile(bench.at('told'), 'utf8')).toMatch(/services stop now[\s\S]*backup bkp_\w+ completed/);
});

test('says what is wrong with the configuration when a word would have to start the server', async () => {
  const bench = await given();
  await writeFile(bench.at('cml.yaml'), (await readFile(bench.at('cml.yaml'), 'utf8')).replace('policy:', 'polcy:'));
  const said = await bench.sayJson(['status', 'team-ml']);
  expect(said.exitCode).toBe(2);
  expect(said.stderr).toMatch(/cml\.yaml:\d+: .*polcy.*policy/);
});

test('SIGTERM while services are down brings them up before the server ends', async () => {
  const { bench, server, client, id } = await givenStopped();
  server.kill('SIGTERM');
  expect((await server.ended).exitCode).toBe(0);
  expect(areUp(bench)).toBe(true);
  const said = await client.ended;
  expect(said.exitCode).toBe(1);
  expect(JSON.parse(said.stdout)).toBeTruthy();
  expect(await bench.operations('open')).toEqual([]);
  expect(await bench.operations('ended')).toMatchObject([{ id, status: 'failed', error: { code: 'interrupted' } }]);
});

test('SIGTERM during the countdown ends the server, and the next one goes on with the backup', async () => {
  const bench = await given({ policy: { notice: '30s' } });
  const server = await bench.serve();
  await bench.say(['start', 'team-ml']);
  const [web] = bench.pidsOf('web');
  const { answer } = await bench.sayJson(['backup', 'team-ml', '--detach']);
  await bench.awaitStep('countdown');
  server.kill('SIGTERM');
  expect((await server.ended).exitCode).toBe(0);
  expect(bench.pidsOf('web')).toEqual([web]);
  expect(await bench.operations('open')).toMatchObject([{ id: answer.operation.id, status: 'running' }]);

  await bench.serve();
  await until('it is taken up', async () => {
    const [operation] = await bench.operations('open');
    return operation?.journal.some((event) => event.type === 'began' && event.mode === 'resume');
  });
  await bench.say(['cancel', answer.operation.id]);
  await until('it has ended', async () => (await bench.operations('ended')).length === 1);
  expect(bench.pidsOf('web')).toEqual([web]);
});

test('a broken configuration does not keep services down after the server was killed', async () => {
  const { bench, server, client, id } = await givenStopped();
  const good = await readFile(bench.at('cml.yaml'), 'utf8');
  server.kill('SIGKILL');
  await server.ended;
  client.kill('SIGKILL');
  await writeFile(bench.at('cml.yaml'), good.replace('release:', 'relese:').replace('services:', 'services: ['));
  const next = bench.begin(['serve']);
  await until('services are up', () => areUp(bench));
  const { exitCode, stderr } = await next.ended;
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/cml\.yaml:\d+: /);
  expect(await bench.operations('ended')).toMatchObject([{ id, status: 'failed', error: { code: 'interrupted' } }]);
  expect(await bench.operations('open')).toEqual([]);

  await writeFile(bench.at('cml.yaml'), good);
  expect((await bench.sayJson(['check', 'team-ml'])).answer.ready).toBe(true);
});
