import type { PartPlan, ServiceState } from '../records/plan.ts';
import type { Capture } from '../records/workspace.ts';

/** One part as it stands now. */
export interface PartState extends PartPlan {
  /** Free bytes on the file system that holds it. */
  readonly freeBytes: number;
  /** The same for parts that share their free bytes; absent where that cannot be known. */
  readonly fileSystem?: string;
  /** The kind of storage it lies on, as its cluster calls it; absent where there is no such thing. */
  readonly storageClass?: string | undefined;
  /** Captures that this platform can do for it. */
  readonly possible: readonly Capture[];
  /** Why the whole of it can be neither swapped nor written in place, whoever asks; absent when it can. */
  readonly obstacle?: string;
  /** Why nothing can be built beside the whole of it, however much room there is; absent where only room decides. */
  readonly notBeside?: string;
  /** Why no single path of it can be brought in; absent where it can. */
  readonly notWithin?: string;
  /** False when it is not there at all. */
  readonly present: boolean;
  /** Files changed after the moment asked for; absent when not asked or not knowable. */
  readonly writtenSince?: number;
}

/** What a workspace looks like before anyone is disturbed. */
export interface Inspection {
  readonly release: string;
  readonly services: readonly ServiceState[];
  readonly parts: readonly PartState[];
  /** Parts that the configuration leaves out, with the reason. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** What people run in it now, as far as the platform can tell; `owner` is absent where it does not know them. */
  readonly workloads?: readonly { readonly kind: string; readonly owner?: string | undefined }[];
  /** Permissions we lack and anything else that makes a promise weaker, one sentence each. */
  readonly warnings: readonly string[];
  /** What would not start again though it runs now, because the workspace is broken: one sentence each. Only `toRestore`. */
  readonly broken?: readonly string[];
  /** Why no backup can begin now, half a sentence; absent when one can. */
  readonly obstacle?: string;
  /** An operation that noted what runs and has not started it again; its record may not be overwritten. */
  readonly notedBy?: string;
}
