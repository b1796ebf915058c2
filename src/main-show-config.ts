import type { Answer } from './chat/answer.ts';
import { systemClock } from './clock.ts';
import { type ConfigSource, readConfig } from './config.ts';
import { explainConfig, writeExplanation } from './config-explain.ts';
import { warnAbout } from './config-warnings.ts';

/** What cml.yaml means, without secrets. */
export async function showConfig(source: ConfigSource): Promise<Answer> {
  const config = await readConfig(source);
  const warnings = warnAbout(config, systemClock.now());
  return {
    text: `${config.path} is in order.${warnings.length === 0 ? '' : ' Some of it is hardly meant.'}`,
    tone: warnings.length === 0 ? 'good' : 'warning',
    fields: [
      ...warnings.map((text): [string, string] => ['Warning', text]),
      ...writeExplanation(config).map((line): [string, string] => ['', line]),
    ],
    json: JSON.parse(JSON.stringify({ ...explainConfig(config), warnings })),
  };
}
