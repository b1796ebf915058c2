import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'ini';
import { PortError } from '../../../errors.ts';
import { codeOf } from '../../system-error.ts';
import type { CredentialsSettings } from './settings.ts';
import type { Credentials } from './signing.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is found in one place; of a complete login either both keys or the token. */
interface Found {
  readonly accessKeyId?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly accessToken?: string | undefined;
}

/**
 * Read for every request: a mounted Secret and a profile may be replaced while we run.
 * @throws PortError `control-plane-login` saying what is missing where.
 */
export async function readCredentials(settings: CredentialsSettings, environment: Environment): Promise<Credentials> {
  switch (settings.from) {
    case 'environment': {
      const place = `the environment (${settings.accessKeyId} and ${settings.privateKey}, or ${settings.accessToken})`;
      return complete(await fromEnvironment(settings, environment), place);
    }
    case 'profile': {
      const file = settings.file ?? join(environment.HOME ?? homedir(), '.cdp', 'credentials');
      return complete(profileOf(await textOf(file), settings.profile), `the profile ${settings.profile} of ${file}`);
    }
    case 'folder':
      return complete(await fromFolder(settings.folder), `the folder ${settings.folder}`);
  }
}

async function fromEnvironment(
  names: Extract<CredentialsSettings, { from: 'environment' }>,
  environment: Environment,
): Promise<Found> {
  const privateKey = environment[names.privateKey];
  return {
    accessKeyId: environment[names.accessKeyId],
    privateKey: privateKey && (isKey(privateKey) ? privateKey : await textOf(privateKey, names.privateKey)),
    accessToken: environment[names.accessToken],
  };
}

/** The vendor's command line takes the path of a file too, and asks the length first. */
function isKey(text: string): boolean {
  return text.includes('-----BEGIN') || text.trim().length === 44;
}

/** Its lines may go on indented, and a section may have dots in its name: both are read otherwise by `ini`. */
function profileOf(text: string, profile: string): Found {
  const oneLine = text.replace(/\r?\n[ \t]+(?=\S)/g, '\\n');
  const section = profile.split('.').reduce<unknown>(entryOf, parse(oneLine));
  const read = (name: string) => {
    const value = entryOf(section, name);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    accessKeyId: read('cdp_access_key_id'),
    privateKey: read('cdp_private_key'),
    accessToken: read('cdp_access_token'),
  };
}

function entryOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

async function fromFolder(folder: string): Promise<Found> {
  const read = (name: string) => textIfAny(join(folder, name));
  return {
    accessKeyId: await read('cdp_access_key_id'),
    privateKey: await read('cdp_private_key'),
    accessToken: await read('cdp_access_token'),
  };
}

async function textOf(path: string, shown = path): Promise<string> {
  const text = await textIfAny(path, shown);
  if (text === undefined) throw unreadable(shown, 'ENOENT');
  return text;
}

async function textIfAny(path: string, shown = path): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = codeOf(cause) ?? 'unreadable';
    if (code === 'ENOENT') return undefined;
    throw unreadable(shown, code);
  }
}

/** Without the system's own sentence: it repeats the path, and what was taken for a path may be a mistyped key. */
function unreadable(shown: string, code: string): PortError {
  return new PortError('control-plane-login', `The login of the control plane cannot be read: ${shown} (${code})`, {
    hint: 'Look at `credentials` of this workspace: is it there, and may the user that runs cml read it?',
  });
}

/** A pair of keys wins over a token, as in the vendor's command line. */
function complete(found: Found, place: string): Credentials {
  const [accessKeyId, privateKey, accessToken] = [found.accessKeyId, found.privateKey, found.accessToken].map(
    (text) => text?.trim() || undefined,
  );
  // Where a value is one line, the lines of a PEM file stand behind each other.
  if (accessKeyId && privateKey) return { accessKeyId, privateKey: privateKey.replaceAll('\\n', '\n') };
  if (accessKeyId === undefined && accessToken !== undefined && /^[\x21-\x7e ]+$/.test(accessToken)) {
    return { accessToken };
  }
  const half = accessKeyId === undefined ? 'access key and no usable token' : 'private key';
  throw new PortError('control-plane-login', `There is no ${half} for the control plane in ${place}`, {
    hint: 'Make an access key in the control plane (user, then Access Keys) and put both halves of it there.',
  });
}
