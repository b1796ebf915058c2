import { isGroup } from '../records/person.ts';
import type { WorkspacePolicy, WorkspaceSettings } from '../records/workspace.ts';
import type { Room } from './room.ts';

/**
 * The policy with those who may decide at this moment: groups as the people in them, without accounts that are gone. A
 * group that cannot be looked up counts as nobody.
 */
export async function policyNow(
  { world }: Room,
  { policy }: Pick<WorkspaceSettings, 'policy'>,
): Promise<WorkspacePolicy> {
  const people = policy.approvers.filter((approver) => !isGroup(approver));
  return { ...policy, approvers: (await world.approversNow?.(policy.approvers)) ?? people };
}
