import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { createSlackDouble, type SlackDouble } from '../../test/fakes/slack/double.ts';
import { createRepository, startServices } from '../command-line.ts';
import { endEverything, startWriter } from '../processes.ts';
import { DEMO_MARK, type DemoWorkspace, setUpWorkspace } from '../workspace.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const SERVICES = fileURLToPath(new URL('../services', import.meta.url));
const WRITER = fileURLToPath(new URL('../writer.js', import.meta.url));

export const ALICE = 'U0ALICE';
export const BOB = 'U0BOB';
/** Where everybody hears of the workspace, and where its approvers are. */
export const CHANNEL = 'C0TEAMML';
export const APPROVERS = 'C0APPROVERS';

/** The demo's workspace, the real server, and a Slack of our own that it speaks in. */
export interface SlackPlace {
  readonly slack: SlackDouble;
  readonly workspace: DemoWorkspace;
  /** The next cut takes until it is let go, so that a picture can be taken while services are down. */
  holdCut(): Promise<void>;
  letGo(): Promise<void>;
  /** Says a word in a terminal. */
  say(words: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

export async function makeSlackPlace(): Promise<SlackPlace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ml-')));
  const workspace = await setUpWorkspace(join(folder, 'srv'), SERVICES);
  const slack = await createSlackDouble();
  addPeople(slack);
  const hold = join(folder, 'hold');
  await configure(workspace, { apiUrl: slack.apiUrl, hold, snapshot: join(folder, 'snapshot') });
  const environment = {
    [DEMO_MARK]: workspace.folder,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
  };
  // Whichever word needs the server first starts it, with what stands in its own environment.
  Object.assign(process.env, environment);
  await createRepository(workspace);
  await startServices(workspace);
  startWriter(workspace, WRITER);
  await slack.when(() => (slack.links.open() > 0 ? true : undefined), 20_000);
  return {
    slack,
    workspace,
    holdCut: () => writeFile(hold, ''),
    letGo: () => rm(hold),
    say: async (words) => void (await execa(process.execPath, [MAIN, ...words], { cwd: workspace.folder })),
    async end() {
      await endEverything(workspace.folder);
      await slack.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function addPeople(slack: SlackDouble): void {
  slack.people.add({ id: ALICE, name: 'alice', email: 'alice@example.org', tz: 'Pacific/Auckland' });
  slack.people.add({ id: BOB, name: 'bob', email: 'bob@example.org', tz: 'Pacific/Auckland' });
  slack.channels.add({ id: CHANNEL, name: 'team-ml' });
  slack.channels.add({ id: APPROVERS, name: 'ml-approvers' });
  slack.groups.set('S0APPROVERS', [ALICE, BOB], 'ml-approvers');
  slack.groups.set('S0ONCALL', [BOB], 'ml-oncall');
}

/** The demo's own cml.yaml, with Slack, a notice as people would set it, and a storage that can be held. */
async function configure(
  { configFile, name, databaseVolume }: DemoWorkspace,
  wish: { readonly apiUrl: string; readonly hold: string; readonly snapshot: string },
): Promise<void> {
  const config = parse(await readFile(configFile, 'utf8'));
  config.people = { alice: { slack: ALICE }, bob: { slack: BOB }, cron: {} };
  config.slack = {
    apiUrl: wish.apiUrl,
    channel: CHANNEL,
    approvals: { channel: APPROVERS, mention: 'S0APPROVERS' },
    onCall: 'S0ONCALL',
  };
  const make = `while [ -e ${wish.hold} ]; do sleep 0.05; done; cp -a ${databaseVolume} ${wish.snapshot}`;
  const { platform, policy } = config.workspaces[name];
  platform.volumes[0].snapshot = {
    make: ['sh', '-c', make],
    drop: ['rm', '-rf', wish.snapshot],
    path: wish.snapshot,
  };
  policy.notice = '15m';
  await writeFile(configFile, stringify(config));
}
