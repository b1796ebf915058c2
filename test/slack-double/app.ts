import { App, LogLevel } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { SlackDouble } from '../fakes/slack/double.ts';

export const quiet = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  setLevel: () => {},
  getLevel: () => LogLevel.ERROR,
  setName: () => {},
};

/** A real Bolt on Socket Mode, connected to the double. */
export async function startBolt(slack: SlackDouble, listen: (app: App) => void): Promise<App> {
  const app = new App({
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    clientOptions: { slackApiUrl: slack.apiUrl },
    convoStore: false,
    logger: quiet,
  });
  listen(app);
  await app.start();
  return app;
}

/** A real client that gives up at the first trouble. */
export function startClient(slack: SlackDouble, token: string = slack.botToken): WebClient {
  return new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: quiet,
    timeout: 5000,
  });
}

/** Slack's word for the refusal. */
export async function wordOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as { data?: { error?: string } }).data?.error ?? String(error);
  }
}
