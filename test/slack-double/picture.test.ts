import { describe, expect, it } from 'vitest';
import { createSlackDouble } from '../fakes/slack/double.ts';
import { mrkdwnHtml } from '../fakes/slack/picture/mrkdwn.ts';
import { scenePage } from '../fakes/slack/picture/page.ts';
import { filledIn, sceneOfChannel } from '../fakes/slack/picture/scene.ts';
import { startClient } from './app.ts';

const reader = { timeZone: 'Europe/Berlin', names: { U1: 'ada', S1: 'approvers' } };

describe('a picture', () => {
  it.each([
    ['*bold* _italic_ ~gone~ `code`', '<b>bold</b> <i>italic</i> <s>gone</s> <code>code</code>'],
    ['a*b*c snake_case_name', 'a*b*c snake_case_name'],
    ['&lt;b&gt; &amp; <script>', '&lt;b&gt; &amp; <a>script</a>'],
    ['hi <@U1>', 'hi <span class="mention">@ada</span>'],
    ['<!subteam^S1>', '<span class="mention">@approvers</span>'],
    ['<https://x.example|here>', '<a>here</a>'],
    ['<!date^1763902800^{date_num} {time}|soon>', '2025-11-23 2:00 PM'],
    ['> said\nthen', '<blockquote>said</blockquote>then'],
    ['```*as it is*```', '<pre>*as it is*</pre>'],
  ])('shows %s as Slack does', (text, html) => {
    expect(mrkdwnHtml(text, reader)).toBe(html);
  });

  it('of a channel shows its messages, replies and what the viewer alone sees', async () => {
    const slack = await createSlackDouble();
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    const client = startClient(slack);
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'root of <@U1>' });
    await client.chat.postMessage({ channel: 'C1', text: 'reply', thread_ts: ts });
    await client.chat.postEphemeral({ channel: 'C1', user: 'U1', text: 'psst' });
    const scene = sceneOfChannel(slack, 'C1', 'Europe/Berlin', 'U1');
    expect(scene).toMatchObject({
      title: '#ops',
      items: [{ text: 'root of <@U1>' }, { text: 'reply', isReply: true }, { text: 'psst', isOnlyForReader: true }],
    });
    const html = scenePage(scene);
    expect(html).toContain('root of <span class="mention">@ada</span>');
    expect(html).toContain('Only visible to you');
    await slack.dispose();
  });

  it('of a window shows what was entered', () => {
    const input = (label: string, element: object) => ({
      type: 'input',
      label: { type: 'plain_text', text: label },
      element,
    });
    const view = {
      type: 'modal',
      title: { type: 'plain_text', text: 'Restore' },
      blocks: [
        input('Name', { type: 'plain_text_input', action_id: 'a' }),
        input('How', {
          type: 'static_select',
          action_id: 'b',
          options: [{ text: { type: 'plain_text', text: 'Swap' }, value: 's' }],
        }),
      ],
    };
    const html = scenePage({
      reader,
      items: [{ kind: 'modal', view: filledIn(view as never, { Name: 'at<las', How: 's' }) }],
    });
    expect(html).toContain('<div class="entry">at&lt;las</div>');
    expect(html).toContain('Swap<span class="arrow">');
  });
});
