import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { addMinutes, startOfMinute } from 'date-fns';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LABELS, NOTES } from '../../src/workspace/kubernetes/names.ts';
import { SERVED } from '../fakes/kube-api/kinds-served.ts';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../fakes/kube-api/layouts/ecs-longhorn.ts';
import type { Layout } from '../fakes/kube-api/layouts/layout.ts';
import { type RestRepository, serveRepository } from '../fakes/rest-repository.ts';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import type { SlackMessage } from '../fakes/slack/kinds.ts';
import { compare, type Tree } from '../walker.ts';
import { type Begun, type Bench, type BenchWish, makeBench, restic } from './bench.ts';
import { until } from './processes.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 240_000 });

/**
 * Everything at once, one sitting: the real server between the doubles of a cluster and of Slack. People back up, restore by
 * buttons, and a schedule fires at night; each of them also with the server killed in its middle.
 */
let slack: SlackDouble;
let channel: string;
let lab: KubeLab;
let layout: Layout;
let repository: RestRepository;
let bench: Bench;
let wish: BenchWish;
let server: Begun;
let saved: Record<string, Tree>;

beforeAll(async () => {
  slack = await createSlackDouble({ rates: 'none' });
  slack.people.add({ id: 'UCAROL', name: 'carol', email: 'carol@example.org' });
  slack.people.add({ id: 'UDAVE', name: 'dave', email: 'dave@example.org' });
  channel = slack.channels.add({ name: 'ml' }).id;
  lab = await createKubeLab();
  // What an image has: the program itself and restic.
  lab.world.imagePaths.push(process.cwd(), restic);
  layout = await makeEcsLonghorn(lab, { small: true });
  bench = await makeBench({ hasRepository: false });
  repository = await serveRepository(bench.at('repository'));
  wish = {
    platform: {
      kind: 'kubernetes',
      kubeconfig: lab.kubeconfig,
      namespace: layout.namespace,
      movers: { image: 'cml-backup:1' },
    },
    repository: { location: repository.location },
    people: { carol: { slack: 'UCAROL' }, dave: { slack: 'UDAVE' } },
    policy: { approvers: ['carol', 'dave'], operators: ['alice', 'carol', 'dave'] },
    slack: { channel, apiUrl: slack.apiUrl },
  };
  await bench.configure(wish);
  const env = { ...process.env, RESTIC_PASSWORD: 'correct horse', RESTIC_REPOSITORY: repository.location };
  await promisify(execFile)(restic, ['--no-cache', 'init'], { env });
  server = await serve();
}, 120_000);

afterAll(async () => {
  await bench?.dispose();
  await repository?.close();
  await lab?.dispose();
  await slack?.dispose();
});

/** Socket Mode needs a moment to connect. */
async function serve(): Promise<Begun> {
  const environment = { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken };
  const begun = await bench.serve([], { environment });
  await until('the server listens to Slack', async () => slack.links.open() > 0);
  return begun;
}

/** As a machine that lost its power: nothing has time to say or write anything. */
async function dieAndReturn(meanwhile: () => unknown = () => undefined): Promise<void> {
  server.kill('SIGKILL');
  await server.ended;
  await meanwhile();
  server = await serve();
}

const roots = () => slack.history(channel).filter(({ reply_broadcast }) => !reply_broadcast);
const rootSaying = (words: RegExp, among = roots, withinMs = 60_000): Promise<SlackMessage> =>
  until(`a message says ${words}`, async () => among().find(({ text }) => words.test(text)), withinMs);
const becomes = (root: SlackMessage, words: RegExp) =>
  rootSaying(words, () => roots().filter(({ ts }) => ts === root.ts));
const since = (before: number) => () => roots().slice(before);
const thread = (root: SlackMessage) =>
  slack
    .thread(channel, root.ts)
    .map(({ text }) => text)
    .join('\n');
const nothingRuns = () => until('every operation has ended', async () => (await bench.operations('open')).length === 0);

/** Where every call that makes an object of this kind is left without an answer until told otherwise. */
const hold = (kind: string) => lab.faults.add({ verb: 'create', kind }, { kind: 'silent' }, 1_000);

async function trees(): Promise<Record<string, Tree>> {
  return Object.fromEntries(
    await Promise.all(layout.parts.map(async ({ name }) => [name, await layout.walk(name)] as const)),
  );
}

async function differences(): Promise<string[]> {
  const now = await trees();
  return Object.entries(saved).flatMap(([part, tree]) => compare(tree, now[part] as Tree));
}

/** What is ours in the cluster and is not kept on purpose, and what we noted on what is not ours. */
const leftovers = () =>
  SERVED.flatMap(({ kind }) =>
    lab.store
      .list(kind)
      .filter(({ metadata }) => metadata.labels?.[LABELS.managedBy] || metadata.annotations?.[NOTES.ran])
      .map(({ metadata }) => `${kind.kind} ${metadata.labels?.[LABELS.role] ?? ''} ${metadata.name}`)
      .filter((one) => !/ (displaced|record) /.test(one)),
  );

it('backs up when asked in Slack', async () => {
  saved = await trees();
  await slack.type('UCAROL', channel, '/cml backup team-ml --notice 10m --reason "before the upgrade"');
  const root = await rootSaying(/services stop in .*before the upgrade/);
  await slack.click('UCAROL', { channel, ts: root.ts }, 'Start now');
  await becomes(root, /backup bkp_\w+ completed/);
  await until('the thread tells the rest', async () => /stopped[\s\S]*up again[\s\S]*<@UCAROL>/.test(thread(root)));
  await layout.allUp();
  expect(leftovers()).toEqual([]);
  expect(await differences()).toEqual([]);
});

it('brings services back when it was killed while they were down, and says so in the same message', async () => {
  const before = roots().length;
  const held = hold('VolumeSnapshot');
  await slack.type('UDAVE', channel, '/cml backup team-ml --now');
  await until('the cut has begun', () => held.hits() > 0);
  expect(layout.services.filter((service) => layout.isUp(service))).toEqual([]);
  await dieAndReturn(() => held.end());
  const root = await rootSaying(/failed|did not/, since(before));
  await layout.allUp();
  await nothingRuns();
  expect(thread(root)).toContain('<@UDAVE>');
  expect(since(before)()).toHaveLength(1);
  expect(leftovers()).toEqual([]);
});

it('completes a backup that was killed while its data was being copied', async () => {
  const before = roots().length;
  await slack.type('UDAVE', channel, '/cml backup team-ml --now');
  await bench.awaitStep('copy snapshots');
  await dieAndReturn();
  await rootSaying(/completed/, since(before));
  await nothingRuns();
  await layout.allUp();
  expect(since(before)()).toHaveLength(1);
  expect(leftovers()).toEqual([]);
});

it('restores what another person approved by a button, killed while it waits and while it fills', async () => {
  const before = roots().length;
  const id = /bkp_\w+/.exec((await rootSaying(/bkp_\w+ completed/)).text)?.[0] ?? '';
  await layout.write('projects-pvc', 'projects/0/1/README.md', 'changed');
  expect(await differences()).not.toEqual([]);
  await slack.type('UCAROL', channel, `/cml restore ${id} --confirm team-ml --reason "lost a table" --now`);
  const request = await rootSaying(/carol asks to restore/, since(before));
  await dieAndReturn();
  const held = hold('PersistentVolumeClaim');
  await slack.click('UDAVE', { channel, ts: request.ts }, 'Approve');
  await until('places are being made', () => held.hits() > 0);
  await dieAndReturn(() => held.end());
  const root = await rootSaying(/restored from/, since(before));
  await nothingRuns();
  await layout.allUp();
  await until('the request shows who approved', async () =>
    roots().find(({ ts, text }) => ts === request.ts && /Approved by dave/.test(text)),
  );
  expect(thread(root) + thread(request)).toContain('<@UCAROL>');
  expect(await differences()).toEqual([]);
  expect(leftovers()).toEqual([]);
});

it('backs up at night unasked, once, killed in its countdown', async () => {
  const before = roots().length;
  const slot = addMinutes(startOfMinute(new Date()), new Date().getSeconds() > 30 ? 2 : 1);
  const when = `${slot.getUTCMinutes()} ${slot.getUTCHours()} * * *`;
  await bench.configure({
    ...wish,
    workspace: { schedules: { nightly: { does: 'backup', when, zone: 'UTC', notice: '20s', misfire: 'run' } } },
  });
  // An edit counts from the next word that is said.
  expect((await bench.say(['schedule', 'list'])).stdout).toContain('nightly');
  const root = await rootSaying(/services stop in/, since(before), 150_000);
  expect(Date.now()).toBeGreaterThanOrEqual(slot.getTime());
  await dieAndReturn();
  await becomes(root, /completed/);
  await nothingRuns();
  await layout.allUp();
  const [nightly, ...more] = (await bench.operations('ended')).filter(({ trigger }) => trigger === 'schedule');
  expect({ nightly, more }).toMatchObject({ nightly: { status: 'succeeded', by: { name: 'schedule' } }, more: [] });
  expect(since(before)()).toHaveLength(1);
  expect(leftovers()).toEqual([]);
});

it('leaves a repository from which every completed backup can be read', async () => {
  const env = { ...process.env, RESTIC_PASSWORD: 'correct horse', RESTIC_REPOSITORY: repository.location };
  await promisify(execFile)(restic, ['--no-cache', 'check', '--read-data'], { env });
  const { answer } = await bench.sayJson(['list']);
  expect(answer.backups.map(({ status }: { status: string }) => status)).toEqual([
    'completed',
    'completed',
    'completed',
  ]);
});
