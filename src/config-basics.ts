import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type SlackSettings, slackSettings, slackUserId } from './chat/slack/settings.ts';
import { type ConfigSource, findConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { type MetricsSettings, metricsSettings } from './metrics/settings.ts';

/** What recovery needs to begin, and a client to find its server. */
export interface Basics {
  readonly data: string;
  /** Who is told and paged, as far as it can be read. */
  readonly notify: readonly string[] | undefined;
  readonly slack: SlackSettings | undefined;
  /** A cluster asks whether the server lives while that still makes whole what an earlier life left. */
  readonly metrics: MetricsSettings | undefined;
  /** Those whose Slack account can be read: who asked for what is unwound is told of it. */
  readonly people: Readonly<Record<string, { readonly slack?: string | undefined }>>;
}

const anybody = z.object({ slack: slackUserId.optional().catch(undefined) }).catch({});

const loose = z.looseObject({
  data: z.string().min(1).optional().catch(undefined),
  notify: z
    .object({ command: z.array(z.string()).min(1) })
    .optional()
    .catch(undefined),
  slack: slackSettings.optional().catch(undefined),
  metrics: metricsSettings.optional().catch(undefined),
  people: z.record(z.string(), anybody).catch({}),
});

/**
 * Reads the data folder out of a configuration that may be broken everywhere else: bringing services back up must not
 * wait for somebody to mend a file.
 * @throws ConfigError when not even that can be found.
 */
export async function readBasics(source: ConfigSource): Promise<Basics> {
  const path = findConfig(source);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError([`${path} cannot be read.`], { cause, hint: 'Look at its owner and mode.' });
  });
  const read = loose.safeParse(tolerantly(text)).data;
  const written = read?.data ?? /^data:\s*["']?([^"'#\n]+?)["']?\s*(?:#.*)?$/m.exec(text)?.[1];
  const override = source.environment.CML_DATA;
  const told = {
    notify: read?.notify?.command,
    slack: read?.slack,
    metrics: metricsOf(source) ?? read?.metrics,
    people: read?.people ?? {},
  };
  if (override) return { data: resolve(source.cwd, override), ...told };
  if (written) return { data: resolve(dirname(path), written), ...told };
  throw new ConfigError([`${path}: data: the data folder is not named`], {
    hint: 'Add a line such as "data: ./cml-data", or set CML_DATA.',
  });
}

/** What a deployment's own probes ask must not depend on what stands in the file. */
function metricsOf({ environment: { CML_METRICS: asked } }: ConfigSource): MetricsSettings | undefined {
  if (!asked) return undefined;
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(asked) ?? [];
  const read = metricsSettings.safeParse({ host, port: Number(port) });
  if (host !== undefined && read.success) return read.data;
  throw new ConfigError([`CML_METRICS is ${asked}.`], { hint: 'Write it as <address>:<port>, such as 0.0.0.0:9464.' });
}

function tolerantly(text: string): unknown {
  try {
    return parseDocument(text, { logLevel: 'silent', strict: false }).toJS();
  } catch {
    return {}; // the line is looked for on its own
  }
}
