import type { Answer } from './chat/answer.ts';
import { slackManifest } from './chat/slack/manifest.ts';

/** `cml slack manifest`: what the Slack app is made from. Needs neither a configuration nor a server. */
export function answerSlackManifest(host: string | undefined): Answer {
  const json = slackManifest(host);
  return { text: JSON.stringify(json, null, 2), tone: 'info', isDocument: true, json };
}
