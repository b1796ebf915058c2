import type { WebClient } from '@slack/web-api';
import { PortError } from '../../errors.ts';

export interface LongText {
  readonly filename: string;
  readonly title: string;
  readonly text: string;
}

const LIMIT_MS = 30_000;

/**
 * Gives one person a text that no message holds, as a file among their direct messages with the app.
 * @throws an error of the client, or PortError `chat-unavailable` when the file itself was not taken.
 */
export async function sendFile(client: WebClient, user: string, { filename, title, text }: LongText): Promise<void> {
  const { upload_url: url = '', file_id: id = '' } = await client.files.getUploadURLExternal({
    filename,
    length: Buffer.byteLength(text),
  });
  await upload(url, text);
  const { channel } = await client.conversations.open({ users: user });
  await client.files.completeUploadExternal({ files: [{ id, title }], channel_id: channel?.id ?? user });
}

async function upload(url: string, text: string): Promise<void> {
  const lost = (cause?: unknown) => new PortError('chat-unavailable', 'Slack did not take a file.', { cause });
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body: text,
      redirect: 'error',
      signal: AbortSignal.timeout(LIMIT_MS),
    });
  } catch (cause) {
    throw lost(cause);
  }
  if (!response.ok) throw lost(new Error(`it answered ${response.status}`));
}
