import type { WebClient } from '@slack/web-api';
import type { Log } from '../../log.ts';
import { isGroup } from '../../records/person.ts';

export interface ApproversOptions {
  readonly client: WebClient;
  /** The Slack accounts of people by their names in cml.yaml. */
  readonly accounts: () => Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly log: Log;
}

/** A list of members may be this old: `usergroups.users.list` allows about 20 calls a minute. */
const KEPT_MS = 30_000;

type Account = NonNullable<Awaited<ReturnType<WebClient['users']['info']>>['user']>;

/** A person of this Slack workspace: no app, no guest, nobody of another one. Source: reference/chatops-anchors.md C2. */
function isMember(account: Account = {}): boolean {
  const { deleted, is_bot, is_restricted, is_ultra_restricted, is_stranger } = account;
  return !(deleted || is_bot || is_restricted || is_ultra_restricted || is_stranger);
}

/**
 * Of those named as approvers, the people who may decide now: members of user groups that are known in cml.yaml, and
 * people by name unless their Slack account is deactivated or no member's own. A group that cannot be looked up counts as nobody; a person
 * whose account cannot be looked up stays, since they may be known by other proofs.
 */
export function createApprovers({ client, accounts, now, log }: ApproversOptions) {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  /** What is forgotten while it is looked up stays forgotten: the answer may be older than the change. */
  function recently<Answer>(key: string, look: () => Promise<Answer>): Promise<Answer> {
    const known = kept.get(key);
    if (known && now() - known.at < KEPT_MS) return known.answer as Promise<Answer>;
    const one = { at: now(), answer: look() };
    kept.set(key, one);
    one.answer.catch(() => {
      if (kept.get(key) === one) kept.delete(key);
    });
    return one.answer;
  }

  async function membersOf(group: string): Promise<readonly string[]> {
    const id = group.replace('slack:', '');
    try {
      return await recently(id, async () => (await client.usergroups.users.list({ usergroup: id })).users ?? []);
    } catch (err) {
      log.warn({ err, group }, 'a group of approvers could not be looked up: it counts as nobody');
      return [];
    }
  }

  async function isActive(account: string): Promise<boolean> {
    try {
      return await recently(account, async () => isMember((await client.users.info({ user: account })).user));
    } catch (err) {
      log.warn({ err, account }, 'it is not known whether an approver is still active in Slack');
      return true;
    }
  }

  async function deciding(approvers: readonly string[]): Promise<string[]> {
    const known = accounts();
    const members = new Set((await Promise.all(approvers.filter(isGroup).map(membersOf))).flat());
    const inGroups = Object.entries(known).flatMap(([name, account]) => (members.has(account) ? [name] : []));
    const named = [...new Set([...approvers.filter((approver) => !isGroup(approver)), ...inGroups])];
    const active = await Promise.all(
      named.map(async (name) => {
        const account = known[name];
        return account === undefined || (await isActive(account));
      }),
    );
    return named.filter((_, index) => active[index]);
  }

  return {
    deciding,
    /** What is known of this account or group is not so any more. */
    forget: (id: string) => void kept.delete(id),
  };
}
