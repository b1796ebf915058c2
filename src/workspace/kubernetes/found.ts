import type {
  V1CronJob,
  V1Deployment,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { Capture } from '../../records/workspace.ts';

export type ServiceKind = 'Deployment' | 'StatefulSet' | 'CronJob';

/** A service as it stands now. */
export interface FoundService {
  /** The object's name; `<kind>/<name>` in lower case for all but the first when two kinds share it. */
  readonly name: string;
  readonly kind: ServiceKind;
  readonly object: V1Deployment | V1StatefulSet | V1CronJob;
  /** What its spec asks for; a CronJob that is not suspended counts 1. */
  readonly replicas: number;
  /** All that it asks for are ready; a CronJob always is. */
  readonly ready: boolean;
}

/** A part as it stands now. */
export interface FoundPart {
  /** As configured, else the claim's name. */
  readonly name: string;
  readonly kind: 'volume' | 'shared-folder';
  readonly location: 'internal' | 'external';
  /** The claim that the workspace mounts. */
  readonly claim: V1PersistentVolumeClaim;
  readonly volume: V1PersistentVolume;
  /** Of a shared folder whose server runs in the workspace: the claim that holds the bytes, and the Deployment that serves it. */
  readonly backing?: {
    readonly claim: V1PersistentVolumeClaim;
    readonly volume: V1PersistentVolume;
    readonly server: string;
    /** Where below the root of that volume the folder's files are; empty for the root itself. */
    readonly within: string;
  };
  /** CSI driver of the volume that holds the bytes; absent for anything else (NFS). */
  readonly driver?: string;
  /** Where the share is, for volumes of kind nfs or of an NFS driver. */
  readonly nfs?: { readonly server: string; readonly path: string };
  /** Commands for the filer's own snapshot, and where it shows it. */
  readonly filer?: { readonly make: readonly string[]; readonly drop: readonly string[]; readonly path: string };
  readonly possible: readonly Capture[];
  readonly capture: Capture;
  readonly reason: string;
  /** Absolute, below the part's live place. */
  readonly exclude: readonly string[];
}

/** A pod that has a part mounted. */
export interface Holder {
  readonly namespace: string;
  readonly pod: string;
  readonly part: string;
  readonly readOnly: boolean;
  /** The service it belongs to, if any. */
  readonly service?: string;
}
