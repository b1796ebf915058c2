import { isObject, needed, rich } from '../args.ts';
import { post, readContent } from '../posting.ts';
import { SlackRefused } from '../refused.ts';
import type { Methods } from './method.ts';

/** Source: docs.slack.dev/messaging/working-with-files, uploading: an address, the content there, and where it is shown. */
export const fileMethods: Methods = {
  'files.getUploadURLExternal': {
    tier: 4,
    scopes: ['files:write'],
    run: (args, { world }) => {
      const name = needed(args, 'filename', 'invalid_arguments');
      const length = Number(needed(args, 'length', 'invalid_arguments'));
      if (!(length > 0)) throw new SlackRefused('invalid_arguments');
      const id = world.nextId('F');
      world.files.set(id, { id, name, length });
      return { upload_url: `${world.uploadUrl}/${id}`, file_id: id };
    },
  },
  'files.completeUploadExternal': {
    tier: 4,
    scopes: ['files:write'],
    run: (args, slack) => {
      const { world } = slack;
      const given = rich(args, 'files', 'invalid_arguments');
      const ids = Array.isArray(given) ? given.map((one) => (isObject(one) ? String(one.id) : '')) : [];
      const files = ids.map((id) => world.files.get(id));
      if (files.length === 0) throw new SlackRefused('invalid_arguments');
      for (const file of files) if (file?.text === undefined) throw new SlackRefused('file_not_found');
      const channel = world.channels.get(needed(args, 'channel_id', 'channel_not_found'));
      if (!channel) throw new SlackRefused('channel_not_found');
      const text = files.map((file) => `file ${file?.name}`).join(', ');
      post(world, channel, readContent({ text }, slack), {});
      return { files: ids.map((id) => ({ id })) };
    },
  },
};

/** What is sent to the address of an upload. */
export function takeUpload(path: string, body: string, files: Map<string, UploadedFile>): number | undefined {
  const id = /^\/upload\/(F\w+)$/.exec(path)?.[1];
  if (id === undefined) return undefined;
  const file = files.get(id);
  if (!file || Buffer.byteLength(body) !== file.length) return 400;
  file.text = body;
  return 200;
}

export interface UploadedFile {
  readonly id: string;
  readonly name: string;
  readonly length: number;
  text?: string;
}
