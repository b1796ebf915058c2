import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { SlackSettings } from './chat/slack/settings.ts';
import { configOutline } from './config-outline.ts';
import { settingsOf, webSettingsOf } from './config-paths.ts';
import { checkPlaces } from './config-places.ts';
import { checkRules } from './config-rules.ts';
import { type ConfigFile, type ConfiguredPerson, configFile } from './config-schema.ts';
import { upkeepOf } from './config-upkeep.ts';
import { type Problem, parseInPlainWords } from './config-words.ts';
import { type ConfigPath, type ReadYaml, readYaml } from './config-yaml.ts';
import { ConfigError } from './errors.ts';
import type { MetricsSettings } from './metrics/settings.ts';
import type { Upkeep } from './orchestrator/upkeep.ts';
import type { WorkspaceSettings } from './records/workspace.ts';
import type { WebSettings } from './web/settings.ts';

/** Everything that is configured; every path is absolute, every length of time in milliseconds. */
export interface Config {
  /** The file it was read from. */
  readonly path: string;
  readonly data: string;
  readonly notify?: { readonly command: readonly string[] };
  readonly people: Readonly<Record<string, ConfiguredPerson>>;
  readonly slack?: SlackSettings;
  readonly web?: WebSettings;
  readonly metrics?: MetricsSettings;
  readonly trustBarePeople: boolean;
  readonly workspaces: Readonly<Record<string, WorkspaceSettings>>;
  /** What happens unasked. */
  readonly upkeep: Upkeep;
  readonly logLevel: ConfigFile['logLevel'];
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigSource {
  /** What `--config` named. */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly environment: Environment;
}

const SYSTEM_FILE = '/etc/cml-backup/cml.yaml';

/** Settings that the environment may replace; their paths are relative to the working folder. */
const OVERRIDES = { CML_DATA: 'data', CML_LOG_LEVEL: 'logLevel' } as const;

/**
 * Finds, reads and checks cml.yaml.
 * @throws ConfigError `config-missing`, or `config-invalid` with every problem there is, one `cml.yaml:LINE: sentence` each.
 */
export async function readConfig(source: ConfigSource): Promise<Config> {
  const path = findConfig(source);
  return checkConfig(path, await readText(path), source);
}

/**
 * The same for a text that does not stand in that file yet.
 * @throws ConfigError `config-invalid`.
 */
export async function checkConfig(path: string, text: string, source: ConfigSource): Promise<Config> {
  const yaml = readYaml(text);
  const value = withOverrides(yaml.value, source);
  const base = dirname(path);

  const parsed = parseInPlainWords(configFile, value);
  const outline = configOutline.safeParse(value).data;
  const problems = [
    ...parsed.problems,
    ...(outline ? [...checkRules(outline), ...(await checkPlaces(outline, base))] : []),
  ];
  const isYaml = yaml.value !== undefined;
  if (yaml.problems.length > 0 || problems.length > 0 || !parsed.data) {
    const sentences = isYaml ? problems : [];
    throw new ConfigError(writeProblems(basename(path), yaml, sentences, source.environment), {
      hint: `The file is ${path}.`,
    });
  }
  return configOf(path, parsed.data);
}

function configOf(path: string, file: ConfigFile): Config {
  const { data, notify, slack, web, metrics, workspaces, schedules: _schedules, ...rest } = file;
  const base = dirname(path);
  const settings = Object.entries(workspaces).map(([name, workspace]) => [name, settingsOf(name, workspace, base)]);
  return {
    path,
    data: resolve(base, data),
    ...(notify && { notify }),
    ...(slack && { slack: { ...slack, catalogUrl: slack.catalogUrl ?? web?.url?.replace(/\/+$/, '') } }),
    ...(web && { web: webSettingsOf(web, base) }),
    ...(metrics && { metrics }),
    ...rest,
    workspaces: Object.fromEntries(settings),
    upkeep: upkeepOf(file),
  };
}

/** The file that would be read. @throws ConfigError `config-missing`. */
export function findConfig({ path, cwd, environment }: ConfigSource): string {
  const named = path ?? environment.CML_CONFIG;
  const candidates = named ? [resolve(cwd, named)] : [join(cwd, 'cml.yaml'), SYSTEM_FILE];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new ConfigError([`There is no configuration: looked for ${candidates.join(' and ')}.`], {
    code: 'config-missing',
    hint: 'Write one with `cml init <folder>`, or name it with --config or CML_CONFIG.',
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError([`${path} cannot be read.`], { cause, hint: 'Look at its owner and mode.' });
  }
}

function withOverrides(value: unknown, { cwd, environment }: ConfigSource): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const overridden = Object.entries(OVERRIDES).flatMap(([variable, key]) => {
    const text = environment[variable];
    return text ? [[key, key === 'data' ? resolve(cwd, text) : text]] : [];
  });
  return { ...value, ...Object.fromEntries(overridden) };
}

function writeProblems(file: string, yaml: ReadYaml, problems: readonly Problem[], environment: Environment): string[] {
  const overrides = Object.entries(OVERRIDES).filter(([variable]) => environment[variable]);
  const written = problems.map(({ path, text }) => {
    const variable = overrides.find(([, key]) => key === path[0])?.[0];
    if (variable !== undefined) return { line: 0, text: `${variable}: ${text}` };
    const line = yaml.lineOf(path);
    return { line, text: `${file}:${line}: ${path.length === 0 ? '' : `${writePath(path)}: `}${text}` };
  });
  const ofYaml = yaml.problems.map(({ line, text }) => ({ line, text: `${file}:${line}: ${text}` }));
  const inOrder = [...ofYaml, ...written].sort((a, b) => a.line - b.line);
  return [...new Set(inOrder.map(({ text }) => text))];
}

function writePath(path: ConfigPath): string {
  return path
    .map((segment, index) =>
      typeof segment === 'number' ? `[${segment + 1}]` : `${index > 0 ? '.' : ''}${String(segment)}`,
    )
    .join('');
}
