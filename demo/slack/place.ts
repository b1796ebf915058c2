import { spawn } from 'node:child_process';
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
/** Where the readers and the workspace are. */
export const TIME_ZONE = 'Pacific/Auckland';

/** The demo's workspace, the real server, and a Slack of our own that it speaks in. */
export interface SlackPlace {
  readonly slack: SlackDouble;
  readonly workspace: DemoWorkspace;
  /** The next cut takes until it is let go, so that a picture can be taken while services are down. */
  holdCut(): Promise<void>;
  letGo(): Promise<void>;
  /** Writes a schedule into cml.yaml, whose next time is the next minute. */
  scheduleBackup(name: string): Promise<void>;
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
  // For each process that is started here, and for what those start.
  Object.assign(process.env, environment);
  await createRepository(workspace);
  startServer(workspace);
  await slack.when(() => (slack.links.open() > 0 ? true : undefined), 60_000);
  await startServices(workspace);
  startWriter(workspace, WRITER);
  const say = async (words: readonly string[]) =>
    void (await execa(process.execPath, [MAIN, ...words], { cwd: workspace.folder }));
  return {
    slack,
    workspace,
    holdCut: () => writeFile(hold, ''),
    letGo: () => rm(hold),
    async scheduleBackup(name) {
      await changeConfig(workspace, (config) => {
        const schedules = { [name]: { does: 'backup', when: `nightly at ${nextMinute()}`, zone: TIME_ZONE } };
        config.workspaces[workspace.name].schedules = schedules;
      });
      await say(['schedule']); // the server reads the file at each word, and else once a minute
    },
    say,
    async end() {
      await endEverything(workspace.folder);
      await slack.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function addPeople(slack: SlackDouble): void {
  slack.people.add({ id: ALICE, name: 'alice', email: 'alice@example.org', tz: TIME_ZONE });
  slack.people.add({ id: BOB, name: 'bob', email: 'bob@example.org', tz: TIME_ZONE });
  slack.channels.add({ id: CHANNEL, name: 'team-ml' });
  slack.channels.add({ id: APPROVERS, name: 'ml-approvers' });
  slack.groups.set('S0APPROVERS', [ALICE, BOB], 'ml-approvers');
  slack.groups.set('S0ONCALL', [BOB], 'ml-oncall');
}

/** As a service would run it; `endEverything` finds it by its mark. */
function startServer({ folder }: DemoWorkspace): void {
  spawn(process.execPath, [MAIN, 'serve'], { cwd: folder, detached: true, stdio: 'ignore' }).unref();
}

/** What a clock shows there at the next full minute that is at least ten seconds away. */
function nextMinute(): string {
  const at = new Date(Date.now() + 10_000 + 60_000);
  return at.toLocaleTimeString('en-GB', { timeZone: TIME_ZONE, hour: '2-digit', minute: '2-digit' });
}

/** The demo's own cml.yaml, with Slack, a notice as people would set it, and a storage that can be held. */
async function configure(
  workspace: DemoWorkspace,
  wish: { readonly apiUrl: string; readonly hold: string; readonly snapshot: string },
): Promise<void> {
  await changeConfig(workspace, (config) => {
    config.people = { alice: { slack: ALICE }, bob: { slack: BOB } };
    config.slack = {
      apiUrl: wish.apiUrl,
      channel: CHANNEL,
      approvals: { channel: APPROVERS, mention: 'S0APPROVERS' },
      onCall: 'S0ONCALL',
    };
    const make = `while [ -e ${wish.hold} ]; do sleep 0.05; done; cp -a ${workspace.databaseVolume} ${wish.snapshot}`;
    const { platform, policy } = config.workspaces[workspace.name];
    platform.volumes[0].snapshot = {
      make: ['sh', '-c', make],
      drop: ['rm', '-rf', wish.snapshot],
      path: wish.snapshot,
    };
    policy.notice = '15m';
  });
}

async function changeConfig(
  { configFile }: DemoWorkspace,
  change: (config: ReturnType<typeof parse>) => void,
): Promise<void> {
  const config = parse(await readFile(configFile, 'utf8'));
  change(config);
  await writeFile(configFile, stringify(config));
}
