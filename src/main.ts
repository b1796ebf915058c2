#!/usr/bin/env node
import { commands } from '../commands/commands.ts';
import { type DeployerContext, deployerCommands, serverCommands } from '../commands/deployer.ts';
import type { Answer } from './chat/answer.ts';
import type { Command } from './chat/command.ts';
import { readCommand } from './chat/read-command.ts';
import { wantsColour } from './chat/terminal/colours.ts';
import { ownTimeZone } from './chat/terminal/reading.ts';
import { errorJson, renderAnswer, renderError, renderJson } from './chat/terminal/render.ts';
import type { ConfigSource } from './config.ts';
import { AppError, exitCodeOf } from './errors.ts';

const everyWord: readonly Command[] = [...deployerCommands, ...serverCommands, ...commands];
const environment = process.env;

/** What belongs to this machine alone; each is loaded only when it is asked for, so that help is quick. */
function deployerContext(source: ConfigSource): DeployerContext {
  return {
    serve: async (input) => (await import('./main-serve.ts')).serve(source, input),
    init: async (input) => (await import('./main-init.ts')).init(source, input),
    showConfig: async () => (await import('./main-show-config.ts')).showConfig(source),
    showVersion: async () => (await import('./main-version.ts')).showVersion(source),
    makeToken: async (person) => (await import('./main-token.ts')).makeToken(source, person),
    makeProgramToken: async (person, wish) =>
      (await import('./main-program-token.ts')).makeProgramToken(source, person, wish),
    listTokens: async (person) => (await import('./main-program-token.ts')).listTokens(source, person),
    revokeToken: async (person, name) => (await import('./main-program-token.ts')).revokeToken(source, person, name),
    slackManifest: async (host) => (await import('./main-slack-manifest.ts')).answerSlackManifest(host),
    checkSlack: async () => (await import('./main-slack-check.ts')).checkSlackFor(source),
    async help(word) {
      const { helpForAll, helpForWord } = await import('./chat/command-help.ts');
      const { columns } = process.stdout;
      const look = columns ? { columns } : {};
      const text = word === undefined ? helpForAll(everyWord, look) : helpForWord(everyWord, word, look);
      return { text: text.trimEnd(), tone: 'info', isDocument: true, json: { help: text } };
    },
  };
}

async function main(words: readonly string[]): Promise<number> {
  const isJson = words.includes('--json');
  const colour = (stream: NodeJS.WriteStream) => wantsColour(environment, stream);
  const reading = (stream: NodeJS.WriteStream) => ({
    colour: colour(stream),
    columns: stream.columns,
    timeZone: ownTimeZone(),
  });
  try {
    const { command, input, given, globals } = readCommand(everyWord, words);
    const source: ConfigSource = { path: globals.config, cwd: process.cwd(), environment };
    const deployer = deployerCommands.find(({ word }) => word === command.word);
    if (!deployer) {
      const { sayWord } = await import('./main-client.ts');
      return await sayWord({ word: command.word, given, globals, source, colour });
    }
    const answer: Answer = await deployer.run(deployerContext(source), input);
    process.stdout.write(globals.json ? renderJson(answer.json) : renderAnswer(answer, reading(process.stdout)));
    return answer.failed ? 1 : 0;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (isJson) process.stdout.write(renderJson(errorJson(error)));
    process.stderr.write(renderError(error, reading(process.stderr)));
    return exitCodeOf(error.code);
  }
}

/** A pipe takes what was written bit by bit; what it has not taken when the process ends is lost. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve()); // nobody reads any more
    stream.write('', () => resolve());
  });
}

const exitCode = await main(process.argv.slice(2));
await Promise.all([taken(process.stdout), taken(process.stderr)]);
// At once: an operation that only counts down would else go on in a server that has given its data folder back.
process.exit(exitCode);
