import type { Answer } from '../src/chat/answer.ts';
import type { Command } from '../src/chat/command.ts';
import { catalog } from './catalog.ts';
import { config } from './config.ts';
import { help } from './help.ts';
import { init } from './init.ts';
import { serve } from './serve.ts';
import type { ServerContext } from './server-context.ts';
import { slack } from './slack.ts';
import { token } from './token.ts';
import { version } from './version.ts';
import { web } from './web.ts';

/** What the words of the machine itself are handed: they need no server. */
export interface DeployerContext {
  serve(input: { idle?: number | undefined }): Promise<Answer>;
  init(input: {
    folder: string;
    workspace?: string | undefined;
    repository?: string | undefined;
    approver?: string | undefined;
    platform?: 'local' | 'kubernetes' | undefined;
    kubeconfig?: string | undefined;
    context?: string | undefined;
    image?: string | undefined;
  }): Promise<Answer>;
  showConfig(): Promise<Answer>;
  showVersion(): Promise<Answer>;
  makeToken(person: string): Promise<Answer>;
  checkSlack(): Promise<Answer>;
  slackManifest(host: string | undefined): Promise<Answer>;
  help(word: string | undefined): Promise<Answer>;
}

/** Words of the deployer that the server answers: the terminal alone offers them. */
export const serverCommands: readonly Command<ServerContext>[] = [catalog, web];

/** Words that the terminal alone knows. */
export const deployerCommands: readonly Command<DeployerContext>[] = [help, init, token, config, slack, serve, version];
