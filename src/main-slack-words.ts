import { commands } from '../commands/commands.ts';
import { parseInput } from './chat/command.ts';
import type { SlackDoorOptions } from './chat/slack/door-world.ts';
import { helpWord } from './chat/slack/help-word.ts';
import type { HomeFacts } from './chat/slack/home.ts';
import type { SlackCaller } from './chat/slack/settings.ts';
import type { Config } from './config.ts';
import { UserError } from './errors.ts';
import { admitSlack } from './main-people.ts';
import { choicesFor, isOpenTo } from './main-slack-choices.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';
import type { Person } from './records/person.ts';

/** Every word that may be said in Slack. */
export const slackWords: SlackDoorOptions['words'] = [...commands, helpWord];

type People = Pick<Config, 'people' | 'slack'>;

/**
 * What the door of Slack asks for, answered by the orchestrator.
 * @param configFor the configuration as it stands when a word is said.
 */
export function createSlackWords(
  orchestrator: Orchestrator,
  configFor: (word: string) => Promise<People>,
): Pick<SlackDoorOptions, 'words' | 'admit' | 'say' | 'choices' | 'look'> {
  async function admit(caller: SlackCaller, word: string): Promise<Person> {
    const config = await configFor(word);
    const person = admitSlack(caller, config);
    refuseApproval(word, config);
    return person;
  }

  return {
    words: slackWords,
    async admit(caller, word) {
      if (word !== helpWord.word) await admit(caller, word);
    },
    async say(caller, word, given) {
      const command = commands.find((candidate) => candidate.word === word);
      if (!command) throw new UserError('bad-command', `There is no word "${word}".`, { hint: 'See: cml help' });
      const person = await admit(caller, word);
      return command.run({ orchestrator, person }, parseInput(command, given));
    },
    async choices(caller, field) {
      return choicesFor(orchestrator, admitSlack(caller, await configFor('list')), field);
    },
    async look(caller) {
      const config = await configFor('status');
      return lookFor(orchestrator, admitSlack(caller, config));
    },
  };
}

/** A stolen Slack account must not be enough where the policy asks for more. */
function refuseApproval(word: string, { slack }: People): void {
  if (word !== 'approve' || slack?.approvals.by !== 'web') return;
  throw new UserError('not-allowed', 'In Slack nothing is approved here.', {
    hint: `Approve where you are signed in: on ${slack.catalogUrl ? `${slack.catalogUrl}/requests` : 'the page'}, or in a terminal with cml approve.`,
  });
}

async function lookFor(orchestrator: Orchestrator, person: Person): Promise<HomeFacts> {
  const states = await orchestrator.glance();
  const mine = await Promise.all(
    states.map(async ({ workspace, requests }) => {
      const waiting = requests.filter((request) => isOpenTo(person, request));
      if (waiting.length === 0) return [];
      return (await orchestrator.approvers(workspace)).includes(person.name) ? waiting : [];
    }),
  );
  return { workspaces: states, mine: mine.flat() };
}
