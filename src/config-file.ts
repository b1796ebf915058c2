import { chmod, chown, readFile, realpath, stat } from 'node:fs/promises';
import { isCollection, isMap, isScalar, parseDocument } from 'yaml';
import { type ConfigSource, checkConfig, findConfig } from './config.ts';
import { setInYaml } from './config-edit.ts';
import { configOutline } from './config-outline.ts';
import { readYaml } from './config-yaml.ts';
import { writeDurably } from './durable-file.ts';
import { ConfigError, UserError } from './errors.ts';

/** A cml.yaml that is about to be changed: nothing is written before all of it was found to be in order. */
export interface ConfigEdit {
  readonly path: string;
  readonly text: string;
  /** The keys of a group as they are written, whether or not the rest is in order. */
  keysOf(group: 'people' | 'workspaces'): string[];
  /** What stands there, whether or not it is in order. */
  valueAt(keys: readonly string[]): unknown;
  /** Who approves for the workspaces that are there. */
  approvers(): string[];
  /** The text with one more key. @throws UserError with what to write by hand where the file cannot be edited. */
  with(text: string, keys: readonly string[], written: string): string;
  /** @throws ConfigError when the new text is not in order; the file is then as it was. */
  check(text: string): Promise<void>;
  write(text: string): Promise<void>;
}

export async function openConfig(source: ConfigSource): Promise<ConfigEdit> {
  const path = findConfig(source);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError([`${path} cannot be read.`], { cause, hint: 'Look at its owner and mode.' });
  });
  return {
    path,
    text,
    keysOf(group) {
      const found = parseDocument(text, { logLevel: 'silent' }).get(group, true);
      return isMap(found) ? found.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : [])) : [];
    },
    valueAt(keys) {
      const found: unknown = parseDocument(text, { logLevel: 'silent' }).getIn(keys);
      return isCollection(found) ? found.toJSON() : found;
    },
    approvers() {
      const outline = configOutline.safeParse(readYaml(text).value).data;
      return [...new Set(Object.values(outline?.workspaces ?? {}).flatMap(({ policy }) => policy.approvers))];
    },
    with(before, keys, written) {
      const after = setInYaml(before, keys, written);
      if (after !== undefined) return after;
      throw new UserError('bad-input', `${path} is written in a way that cannot be edited; nothing was changed.`, {
        hint: `Write it by hand, as ${keys.join('.')}: ${written}`,
      });
    },
    async check(after) {
      await checkConfig(path, after, source);
    },
    write: (after) => replaceConfig(path, after),
  };
}

/** Where a link leads, and with the owner and the mode that it had. */
async function replaceConfig(path: string, text: string): Promise<void> {
  try {
    const real = await realpath(path);
    const { mode, uid, gid } = await stat(real);
    await writeDurably(real, text, mode & 0o777);
    await chown(real, uid, gid);
    await chmod(real, mode & 0o777); // the process's umask may have taken some of it
  } catch (cause) {
    throw new ConfigError([`${path} cannot be written.`], { cause, hint: 'Look at the owner and mode of its folder.' });
  }
}
