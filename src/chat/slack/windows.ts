import type { ModalView } from '@slack/types';
import { isAppError } from '../../errors.ts';
import { refusalView } from './ask-view.ts';
import type { DoorWorld } from './door-world.ts';
import { renderAnswer } from './render-answer.ts';
import type { Asker } from './reply.ts';
import { troubleOf } from './slack-trouble.ts';

/** Opens a modal; answers its id, or says how to do without where Slack did not take it in time. */
export async function openWindow(
  world: DoorWorld,
  asker: Asker,
  view: ModalView,
  instead: string,
): Promise<string | undefined> {
  try {
    const opened = await world.client.views.open({ trigger_id: asker.triggerId ?? '', view });
    return opened.view?.id;
  } catch (err) {
    world.log.warn({ err }, 'a form could not be opened');
    const text = 'The form could not be opened in time.';
    await world.replies.toAsker(
      asker,
      renderAnswer({ text, tone: 'warning', hint: `Try again, or say it whole: ${instead}`, json: null }),
    );
    return undefined;
  }
}

/** What stands in a window from now on; a refusal is read there too. */
export async function redrawWindow(
  world: DoorWorld,
  asker: Asker,
  { word, viewId }: { readonly word: string; readonly viewId: string },
  draw: () => Promise<ModalView>,
): Promise<void> {
  try {
    await update(world, asker, viewId, await draw());
  } catch (error) {
    if (!isAppError(error)) throw error;
    await update(world, asker, viewId, refusalView(word, error));
  }
}

/** A window that was closed meanwhile is nobody's business any more; one that stays as it was would be waited at. */
async function update(world: DoorWorld, asker: Asker, viewId: string, view: ModalView): Promise<void> {
  try {
    await world.client.views.update({ view_id: viewId, view });
  } catch (err) {
    const trouble = troubleOf(err);
    if (trouble.kind === 'refused' && trouble.word === 'not_found') return;
    world.log.warn({ err }, 'a form could not be redrawn');
    const text = 'The window could not be brought up to date.';
    const hint = 'Close it and try again, or say it in one line: /cml help';
    await world.replies.toAsker(asker, renderAnswer({ text, tone: 'warning', hint, json: null }));
  }
}
