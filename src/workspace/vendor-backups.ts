import type { Progress } from '../records/operation.ts';
import type { KeptBackup } from '../records/part.ts';
import type { EffectOptions } from './platform.ts';

/** A backup as the vendor tells of it now. */
export interface ListedVendorBackup extends KeptBackup {
  /** Who made it, as the vendor names them. */
  readonly creator?: string | undefined;
  /** The operation of ours that asked for it, as its name tells; absent when it was made in the vendor's own page. */
  readonly operationId?: string | undefined;
  /** What its words come to; words that nobody knows are `unknown`, and neither good nor bad. */
  readonly state: 'finished' | 'under way' | 'failed' | 'unknown';
}

/** What a restore would make of the workspace. */
export interface VendorForesight {
  /** Absent where the vendor does not tell. */
  readonly releaseAfter?: string | undefined;
  readonly useStaticSubdomain: boolean;
  /** The workspace as configured, which does not stand yet and would be made; absent where one stands. */
  readonly makes?: { readonly environment: string; readonly name: string } | undefined;
  /** What is not known or will have to be done by hand, one sentence each. */
  readonly warnings: readonly string[];
}

/** How a restore ended. `none`: the vendor never began one for this operation. */
export interface VendorRestoreEnd {
  readonly state: 'restored' | 'failed' | 'none';
  /** The vendor's own words. */
  readonly said: string;
}

/**
 * Backups that a vendor's service makes and keeps by itself, and what only it can do with them. They lie where the workspace
 * stands and are gone with it. Every method may be called again after a crash; what is sent to the vendor is found again
 * before it is sent again.
 */
export interface VendorBackups {
  /** What the part is called that the vendor keeps. */
  readonly part: string;
  /** All of this workspace, oldest first. */
  list(options?: EffectOptions): Promise<ListedVendorBackup[]>;
  /** As it stands now; undefined when the vendor does not know it any more. */
  find(crn: string, options?: EffectOptions): Promise<ListedVendorBackup | undefined>;
  /** Looks, changes nothing. */
  foreseeRestore(options?: EffectOptions): Promise<VendorForesight>;
  /**
   * Has the vendor overwrite the workspace, or make the one that `makes` names; answers once it has begun and, as far as that can be seen, services are down. Never sent twice for one operation: when the answer
   * was lost and nothing of it can be seen, this rejects and a person decides. `endsBy`: when it is given up; `unproven`: why services cannot be said to be
   * down, half a sentence.
   * @throws OperationError `plan-changed` when the backup is not there any more, `step-failed` when it was refused.
   */
  beginRestore(
    operationId: string,
    crn: string,
    options?: EffectOptions & { readonly makes?: VendorForesight['makes'] },
  ): Promise<{ readonly endsBy: string; readonly unproven?: string | undefined }>;
  /** Follows what `beginRestore` began to its end, however long that takes. */
  followRestore(
    operationId: string,
    options?: EffectOptions & { readonly onProgress?: (progress: Progress) => void },
  ): Promise<VendorRestoreEnd>;
  /** Why no backup can be deleted here, in one sentence; undefined when it can. */
  whyNotDelete(options?: EffectOptions): Promise<string | undefined>;
  /** Deletes one and waits until the vendor does not list it any more. One that is gone already is deleted. */
  delete(crn: string, options?: EffectOptions): Promise<void>;
  /** Whether the workspace, and with it every backup here, is being removed or is gone. */
  standing(options?: EffectOptions): Promise<'stands' | 'is being removed' | 'is gone'>;
}
