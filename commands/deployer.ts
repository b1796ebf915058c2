import type { Answer } from '../src/chat/answer.ts';
import type { Command } from '../src/chat/command.ts';
import type { Scope } from '../src/records/scope.ts';
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

/** For a token of a program. */
export interface ProgramTokenWish {
  readonly scopes: readonly Scope[];
  readonly name?: string | undefined;
  /** How long it is good, in milliseconds; absent: until it is revoked. */
  readonly expires?: number | undefined;
}

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
  makeProgramToken(person: string, wish: ProgramTokenWish): Promise<Answer>;
  listTokens(person: string | undefined): Promise<Answer>;
  revokeToken(person: string, name: string): Promise<Answer>;
  checkSlack(): Promise<Answer>;
  slackManifest(host: string | undefined): Promise<Answer>;
  help(word: string | undefined): Promise<Answer>;
}

/** Words of the deployer that the server answers: the terminal alone offers them. */
export const serverCommands: readonly Command<ServerContext>[] = [catalog, web];

/** Words that the terminal alone knows. */
export const deployerCommands: readonly Command<DeployerContext>[] = [help, init, token, config, slack, serve, version];
