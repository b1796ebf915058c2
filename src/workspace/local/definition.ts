import { createHash } from 'node:crypto';
import { lstat, mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeDurably } from '../../durable-file.ts';
import { PortError } from '../../errors.ts';
import type { DefinitionFile } from '../platform.ts';
import { codeOf } from '../system-error.ts';
import type { LocalContext } from './context.ts';

const definedFile = z.union([
  z.object({ path: z.string(), absent: z.literal(true) }),
  z.object({
    path: z.string(),
    mode: z.number(),
    uid: z.number(),
    gid: z.number(),
    contentBase64: z.base64(),
  }),
]);
type DefinedFile = z.infer<typeof definedFile>;

const definition = z.object({
  schema: z.literal(1),
  release: z.string(),
  /** As configured then; for people who rebuild a workspace from nothing. */
  services: z.array(z.json()),
  files: z.array(definedFile),
});

export async function captureDefinition(context: LocalContext, folder: string): Promise<DefinitionFile> {
  const { release, services, definition: wanted } = context.settings;
  const files: DefinedFile[] = [];
  for (const path of wanted.files) files.push(await readDefined(path));
  const text = `${JSON.stringify({ schema: 1, release, services, files }, null, 1)}\n`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'definition.json');
  await writeDurably(path, text);
  return { path, sha256: createHash('sha256').update(text).digest('hex'), release };
}

async function readDefined(path: string): Promise<DefinedFile> {
  try {
    const content = await readFile(path);
    const { mode, uid, gid } = await lstat(await realpath(path));
    return { path, mode: mode & 0o7777, uid, gid, contentBase64: content.toString('base64') };
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return { path, absent: true };
    throw cause;
  }
}

export async function applyDefinition(context: LocalContext, path: string): Promise<void> {
  const { files } = await readDefinition(path);
  for (const file of files) {
    // A captured definition comes out of a repository: it may only write where the configuration of today allows.
    if (!context.settings.definition.files.includes(file.path)) {
      context.log.warn({ path: file.path }, 'a file of the definition is not configured any more and is left alone');
    } else if ('absent' in file) {
      await rm(file.path, { force: true });
    } else {
      await placeFile(file);
    }
  }
}

async function readDefinition(path: string): Promise<z.infer<typeof definition>> {
  const text = await readFile(path, 'utf8');
  try {
    return definition.parse(JSON.parse(text));
  } catch (cause) {
    throw new PortError('platform-unavailable', `the definition ${path} cannot be understood`, {
      cause,
      hint: 'it was written by a newer version, or it is damaged',
    });
  }
}

async function placeFile(file: Exclude<DefinedFile, { absent: true }>): Promise<void> {
  const target = (await exists(file.path)) ? await realpath(file.path) : file.path;
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.cml-new`;
  // The folder may belong to a service: nothing that it planted under that name is followed or written through.
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(Buffer.from(file.contentBase64, 'base64'));
    const now = await handle.stat();
    if (now.uid !== file.uid || now.gid !== file.gid) await handle.chown(file.uid, file.gid);
    await handle.chmod(file.mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, target);
  await syncFolder(dirname(target));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false;
    throw cause;
  }
}
