/**
 * Draws the pictures of docs/slack.md: the real server backs up and restores the demo's workspace while it speaks in a Slack
 * of our own, whose channels are drawn at telling moments. `npm run slack-pictures`; needs Debian's chromium and fonts-lato.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SlackMessage } from '../../test/fakes/slack/kinds.ts';
import { filledIn, type Scene, type SceneItem, sceneOfChannel } from '../../test/fakes/slack/picture/scene.ts';
import { shoot } from '../../test/fakes/slack/picture/shoot.ts';
import { damage } from '../damage.ts';
import { ALICE, APPROVERS, BOB, CHANNEL, makeSlackPlace, type SlackPlace, TIME_ZONE } from './place.ts';

const FOLDER = 'docs/pictures';
const LONG_MS = 120_000;

let since = 0;

const place = await makeSlackPlace();
try {
  await mkdir(FOLDER, { recursive: true });
  const backup = await nightlyBackup(place);
  await damage(place.workspace);
  await restore(place, backup);
} finally {
  await place.end();
}
process.exit();

/** Answers the backup's id. */
async function nightlyBackup({ slack, say, scheduleBackup, workspace, holdCut, letGo }: SlackPlace): Promise<string> {
  // Those before it: how long services were down the last times is told.
  for (const _ of [1, 2]) {
    const before = slack.history(CHANNEL).length;
    await say(['backup', workspace.name, '--as', 'alice', '--now']);
    await slack.when(() => (slack.history(CHANNEL).length > before ? true : undefined));
  }
  since = Date.now();
  await scheduleBackup('nightly');
  const announced = await message(CHANNEL, 'Services were down for');
  await takeChannel('announced', CHANNEL);

  await slack.click(BOB, announced, 'Postpone 30 min');
  await message(CHANNEL, 'bob postponed it', announced);
  await message(CHANNEL, 'in less than 60 min');
  await takeChannel('postponed', CHANNEL, BOB);
  await holdCut();
  await slack.click(ALICE, announced, 'Start now');
  await message(CHANNEL, 'SERVICES ARE DOWN');
  await message(CHANNEL, 'services were stopped', announced);
  await takeChannel('down', CHANNEL);
  await letGo();
  const { text } = await message(CHANNEL, ' completed in ');
  await message(CHANNEL, 'services are up again', announced);
  await takeChannel('backed-up', CHANNEL);
  return /bkp_\w+/.exec(text)?.[0] ?? '';
}

async function restore({ slack, workspace }: SlackPlace, backup: string): Promise<void> {
  since = Date.now();
  await slack.type(ALICE, CHANNEL, `/cml restore ${backup}`);
  const window = await slack.when(() => {
    const top = slack.modals(ALICE).at(-1);
    return top?.view.submit ? top : undefined;
  }, LONG_MS);
  const name = { label: `Type the name of the workspace, ${workspace.name}, to go on`, value: workspace.name };
  const why = { label: 'Why? The approver will read it', value: 'project-03 was deleted by mistake' };
  const entered = { [name.label]: name.value, [why.label]: why.value };
  await take('asked', { reader: readerOf(slack), items: [{ kind: 'modal', view: filledIn(window.view, entered) }] });
  await slack.submit(ALICE, entered);

  const request = await message(APPROVERS, 'It needs 1 approval');
  await slack.click(ALICE, request, 'Approve');
  await slack.when(() => slack.ephemerals(ALICE).find(({ text }) => text.includes('You asked for')));
  await takeChannel('request', APPROVERS, ALICE);
  await slack.openHome(BOB);
  const home = await slack.when(() => slack.home(BOB));
  await take('home', { reader: readerOf(slack), items: [{ kind: 'home', view: home.view }] });

  await slack.click(BOB, request, 'Approve');
  const announced = await message(CHANNEL, 'services stop in');
  await message(APPROVERS, 'it runs as', request);
  await takeChannel('approved', APPROVERS);
  await slack.click(ALICE, announced, 'Start now');
  await message(CHANNEL, ' restored from ');
  await message(CHANNEL, 'services are up again', announced);
  await takeChannel('restored', CHANNEL);
}

/** The newest message of a channel, or reply in a thread, that says this. */
function message(channel: string, says: string, root?: SlackMessage): Promise<SlackMessage> {
  const { slack } = place;
  return slack.when(() => {
    const all = root ? slack.thread(channel, root.ts) : slack.history(channel);
    return all.findLast(({ text, ts }) => Number(ts) * 1_000 >= since && text.includes(says));
  }, LONG_MS);
}

function readerOf(slack: SlackPlace['slack']): Scene['reader'] {
  return { timeZone: TIME_ZONE, names: slack.names() };
}

/** What a channel shows of this transcript, and what the viewer alone sees. */
async function takeChannel(name: string, channel: string, viewer?: string): Promise<void> {
  const scene = sceneOfChannel(place.slack, channel, TIME_ZONE, viewer);
  const isOfNow = (item: SceneItem) => item.kind !== 'message' || item.at >= since;
  await take(name, { ...scene, items: scene.items.filter(isOfNow) });
}

async function take(name: string, scene: Scene): Promise<void> {
  const file = join(FOLDER, `slack-${name}.png`);
  await shoot(scene, file, 1.25);
  process.stdout.write(`${file}\n`);
}
