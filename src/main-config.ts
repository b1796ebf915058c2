import { stat } from 'node:fs/promises';
import { type Config, type ConfigSource, readConfig } from './config.ts';
import { isAppError, UserError } from './errors.ts';

/** The configuration as the file has it now: whoever edits it need not think of a server that runs. */
export interface LiveConfig {
  /** @throws ConfigError when the file was changed and is not in order. */
  current(): Promise<Config>;
  /** The same, or what was last in order: for words that bring services back or look, which a broken file must not hinder. */
  currentOrLast(): Promise<Config>;
}

export function createLiveConfig(source: ConfigSource, first: Config, apply: (config: Config) => void): LiveConfig {
  let config = first;
  let readFrom = lookAt(first.path);
  apply(first);

  async function lookAt(path: string): Promise<string> {
    const found = await stat(path).catch(() => undefined);
    return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : 'gone';
  }

  async function current(): Promise<Config> {
    const now = await lookAt(config.path);
    if (now === (await readFrom)) return config;
    const read = await readConfig(source);
    if (read.data !== first.data) {
      throw new UserError('bad-input', `${read.path} names another data folder than the one this server looks after.`, {
        hint: 'End that server first (SIGTERM), then say it again.',
      });
    }
    config = read;
    readFrom = Promise.resolve(now);
    apply(read);
    return config;
  }

  return {
    current,
    async currentOrLast() {
      try {
        return await current();
      } catch (error) {
        if (isAppError(error)) return config;
        throw error;
      }
    },
  };
}
