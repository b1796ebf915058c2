import type { Answer } from './chat/answer.ts';
import { type ConfigSource, readConfig } from './config.ts';
import { explainConfig, writeExplanation } from './config-explain.ts';

/** What cml.yaml means, without secrets. */
export async function showConfig(source: ConfigSource): Promise<Answer> {
  const config = await readConfig(source);
  return {
    text: `${config.path} is in order.`,
    tone: 'good',
    fields: writeExplanation(config).map((line): [string, string] => ['', line]),
    json: JSON.parse(JSON.stringify(explainConfig(config))),
  };
}
