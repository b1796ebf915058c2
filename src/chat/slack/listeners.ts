import type { App } from '@slack/bolt';
import { isAppError, UserError } from '../../errors.ts';
import { answering } from './carry-out.ts';
import type { Deliveries } from './deliveries.ts';
import type { DoorWorld } from './door-world.ts';
import { OTHER_WORD } from './form-view.ts';
import { changeWord, openForm } from './forms.ts';
import { renderHome } from './home.ts';
import type { HomeKeeper } from './home-keeper.ts';
import * as incoming from './incoming.ts';
import { readCarried } from './render-actions.ts';
import { renderRefusal } from './render-answer.ts';
import type { Asker } from './reply.ts';
import { webOnly } from './request-cards.ts';
import { sayLine, sayWord } from './say-line.ts';
import { givenBy, SHORTCUTS } from './shortcuts.ts';
import { readSubmission } from './submissions.ts';

export interface ListenerOptions {
  readonly world: DoorWorld;
  readonly deliveries: Deliveries;
  readonly homes: Pick<HomeKeeper, 'opened'>;
  /** Keeps count of what is being done, so that the door can close behind it. */
  readonly track: (work: () => Promise<void>) => Promise<void>;
  readonly onRevoked: (what: string) => void;
}

/** @throws UserError `not-allowed` for somebody of another Slack workspace. */
export function refuseStrangers({ settings }: Pick<DoorWorld, 'settings'>, { team }: Asker): void {
  const served = settings().team;
  if (served === undefined || served === team) return;
  throw new UserError('not-allowed', `Your Slack workspace ${team} is not the one that is served here.`, {
    hint: 'Who is served stands as slack.team in cml.yaml.',
  });
}

export async function showHome(world: DoorWorld, asker: Asker): Promise<void> {
  const { client, log } = world;
  const settings = world.settings();
  const decidedElsewhere = settings.approvals.by === 'web' ? webOnly(settings) : undefined;
  const look = { decidedElsewhere };
  try {
    refuseStrangers(world, asker);
    await client.views.publish({ user_id: asker.user, view: renderHome(await world.look(asker), look) });
  } catch (error) {
    if (isAppError(error)) {
      await client.views.publish({ user_id: asker.user, view: { type: 'home', blocks: renderRefusal(error).blocks } });
    } else throw error;
  }
  log.debug({ user: asker.user }, 'the home was shown');
}

/** Everything that Slack can deliver to us, each acknowledged before anything else is done. */
export function addListeners(app: App, options: ListenerOptions): void {
  addCommands(app, options);
  addPresses(app, options);
  addViews(app, options);
  addShortcuts(app, options);
  addEvents(app, options);
}

/** An acknowledgement that is lost means that the person saw an error; what they asked is done all the same. */
async function acknowledge({ world }: ListenerOptions, ack: () => Promise<void>): Promise<void> {
  try {
    await ack();
  } catch (err) {
    world.log.warn({ err }, 'an acknowledgement did not reach Slack');
  }
}

/** Does what was delivered, once, for people of this Slack workspace. */
async function once(
  { world, deliveries, track }: ListenerOptions,
  key: string,
  asker: Asker,
  work: () => Promise<void>,
) {
  if (!deliveries.isNew(key)) return world.log.info({ key }, 'Slack delivered something for the second time');
  await track(() =>
    answering(world, asker, async () => {
      refuseStrangers(world, asker);
      await work();
    }),
  );
}

function addCommands(app: App, options: ListenerOptions): void {
  app.command(/.*/, async ({ ack, body }) => {
    await acknowledge(options, () => ack());
    const { asker, line, key } = incoming.readCommand(body);
    await once(options, key, asker, () => sayLine(options.world, asker, line));
  });
}

function addPresses(app: App, options: ListenerOptions): void {
  const { world } = options;
  app.action(/.*/, async ({ ack, body }) => {
    await acknowledge(options, () => ack());
    const press = incoming.readPress(body);
    const { asker, actionId, value, modal, key } = press;
    await once(options, key, asker, async () => {
      if (actionId === OTHER_WORD) {
        const command = world.words.find(({ word }) => word === value);
        return command && modal ? changeWord(world, asker, modal, command) : undefined;
      }
      const said = readCarried(actionId, value);
      // Choices in a form, and links, are pressed too; only buttons of ours say something.
      if (!said) return actionId.startsWith('say:') ? refuseOldButton() : undefined;
      await sayWord(world, asker, said);
      if (press.isOnHome) await showHome(world, asker);
    });
  });
}

function refuseOldButton(): never {
  throw new UserError('bad-input', 'This button is of another version and says nothing any more.', {
    hint: 'See what waits with: cml status',
  });
}

function addViews(app: App, options: ListenerOptions): void {
  const { world } = options;
  app.view({ callback_id: /.*/, type: 'view_submission' }, async ({ ack, body }) => {
    const { asker, view, key } = incoming.readSubmitted(body);
    const { response, work } = readSubmission(world, asker, view);
    await acknowledge(options, () => (response ? ack(response) : ack()));
    if (work) await once(options, key, asker, work);
  });
  app.view({ callback_id: /.*/, type: 'view_closed' }, async ({ ack }) => acknowledge(options, () => ack()));
}

function addShortcuts(app: App, options: ListenerOptions): void {
  const { world } = options;
  app.shortcut(/.*/, async ({ ack, body }) => {
    await acknowledge(options, () => ack());
    const { asker, callbackId, message, key } = incoming.readShortcut(body);
    await once(options, key, asker, async () => {
      const shortcut = SHORTCUTS[callbackId];
      const command = world.words.find(({ word }) => word === shortcut?.word);
      if (!shortcut || !command) return refuseOldButton();
      const given = givenBy(shortcut, message);
      if (shortcut.isForm) await openForm(world, asker, command, given);
      else await sayWord(world, asker, { word: command.word, given });
    });
  });
}

function addEvents(app: App, options: ListenerOptions): void {
  const { world, homes, onRevoked } = options;
  const forget = async ({ body }: { readonly body: unknown }) => {
    const id = incoming.readChanged(body);
    if (id !== undefined) world.onChanged(id);
  };
  app.event('app_home_opened', async ({ body }) => {
    const { asker, tab, key } = incoming.readHomeOpened(body);
    if (tab !== 'home') return;
    homes.opened(asker);
    await once(options, key, asker, () => showHome(world, asker));
  });
  app.event('user_change', forget);
  app.event('subteam_updated', forget);
  app.event('subteam_members_changed', forget);
  app.event('tokens_revoked', async () =>
    onRevoked('The tokens of the Slack app were revoked: install the app again.'),
  );
  app.event('app_uninstalled', async () => onRevoked('The Slack app was uninstalled: install it again.'));
}
