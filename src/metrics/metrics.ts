import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import { countBegin, countEnd, countNothing } from './count-end.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { createScheduleMeasures } from './schedule-measures.ts';
import { createWatch, type Seen } from './watch.ts';

export interface MetricsOptions {
  readonly orchestrator: Pick<
    Orchestrator,
    | 'workspaces'
    | 'running'
    | 'onEnd'
    | 'standing'
    | 'freshness'
    | 'countServicesDown'
    | 'lookAtSchedules'
    | 'lookAtSchedules'
    | 'countBackups'
    | 'findWaiting'
  >;
  readonly clock: Clock;
  /** Recovery is over and the doors are open: the catalog may be asked. */
  readonly isReady: () => boolean;
  /** What keeps people from being told, in one sentence. */
  readonly trouble: () => string | undefined;
  /** When the scheduler last looked; undefined when it never did. */
  readonly lastTickAt?: () => Date | undefined;
  readonly onBug: (error: unknown) => void;
}

export interface Metrics {
  readonly contentType: string;
  /** Everything in Prometheus's text format, as it is now. */
  read(): Promise<string>;
  end(): Promise<void>;
}

/** Counts what ends from now on, and measures the rest when it is read. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { orchestrator, clock, isReady, onBug } = options;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'cml_' });
  const to = createInstruments(registry);
  const watch = createWatch(orchestrator, clock, onBug);
  /** Counted as begun and not yet as ended. */
  const begun = new Set<string>();
  const known = new Set<string>();
  const schedules = createScheduleMeasures(registry);

  const noteBegun = (operation: Parameters<typeof countBegin>[1] & { readonly id: string }) => {
    if (begun.has(operation.id)) return;
    begun.add(operation.id);
    countBegin(to, operation);
  };
  orchestrator.onEnd((operation, view) => {
    noteBegun(operation);
    begun.delete(operation.id);
    countEnd(to, operation, view);
    watch.changed(operation.workspace);
  });

  async function measure(): Promise<void> {
    const now = clock.now();
    to.ready.set(isReady() ? 1 : 0);
    to.chatTrouble.set(options.trouble() === undefined ? 0 : 1);
    to.lastTick.set((options.lastTickAt?.()?.getTime() ?? 0) / 1000);
    for (const running of orchestrator.running()) noteBegun(running.operation());
    const workspaces = orchestrator.workspaces();
    for (const workspace of workspaces.filter((name) => !known.has(name))) {
      countNothing(to, workspace);
      known.add(workspace);
    }
    measureRunning(to, orchestrator, now);
    if (!isReady()) return;
    const [counts, waiting] = [await orchestrator.countBackups(), await orchestrator.findWaiting()];
    const seen = watch.seen();
    forget(to);
    for (const workspace of workspaces) {
      const { pending = 0, since } = waiting.get(workspace) ?? {};
      to.requestsPending.set({ workspace }, pending);
      to.approvalWait.set({ workspace }, since === undefined ? 0 : secondsSince(since, now));
      to.backups.set({ workspace }, counts.get(workspace) ?? 0);
      const last = seen.workspaces.get(workspace);
      if (last) measureSeen(to, workspace, last);
    }
    schedules.measure(seen.schedules);
  }

  return {
    contentType: registry.contentType,
    async read() {
      await measure();
      return registry.metrics();
    },
    end: watch.end,
  };
}

function measureRunning(to: Instruments, orchestrator: MetricsOptions['orchestrator'], now: Date): void {
  const views = new Map(orchestrator.running().map((running) => [running.operation().workspace, running.view()]));
  to.running.reset();
  to.stoppedSeconds.reset();
  for (const workspace of new Set([...orchestrator.workspaces(), ...views.keys()])) {
    const view = views.get(workspace);
    to.running.set({ workspace }, view ? 1 : 0);
    to.stoppedSeconds.set({ workspace }, view?.downSince === undefined ? 0 : secondsSince(view.downSince, now));
  }
}

function measureSeen(to: Instruments, workspace: string, { standing, servicesDown, freshness }: Seen): void {
  const { lastBackup, hasLastSucceeded, lastVerifiedAt, isRetentionOff } = standing;
  to.unseen.set({ workspace }, servicesDown === undefined ? 1 : 0);
  if (freshness && freshness.is !== 'unwatched') to.overdue.set({ workspace }, freshness.is === 'overdue' ? 1 : 0);
  if (freshness && 'rpoMs' in freshness) to.rpoSeconds.set({ workspace }, freshness.rpoMs / 1000);
  if (servicesDown !== undefined) to.servicesDown.set({ workspace }, servicesDown);
  to.retentionOff.set({ workspace }, isRetentionOff ? 1 : 0);
  to.lastVerifiedAt.set({ workspace }, secondsOf(lastVerifiedAt));
  to.lastBackupAt.set({ workspace }, secondsOf(lastBackup?.takenAt));
  if (hasLastSucceeded !== undefined) to.lastBackupStatus.set({ workspace }, hasLastSucceeded ? 1 : 0);
  if (!lastBackup) return;
  const unreadable = lastBackup.parts.reduce((sum, part) => sum + part.unreadable.length, 0);
  to.lastBackupFiles.set({ workspace }, lastBackup.files);
  to.lastBackupUnreadable.set({ workspace }, unreadable);
  to.lastBackupBytes.set({ workspace }, lastBackup.bytes);
  to.lastBackupAdded.set({ workspace }, lastBackup.addedBytes);
}

/** A workspace that is configured no more, or cannot be seen, keeps no old numbers. */
function forget(to: Instruments): void {
  const measured = [
    to.requestsPending,
    to.approvalWait,
    to.backups,
    to.unseen,
    to.servicesDown,
    to.retentionOff,
    to.overdue,
  ];
  const ofBackups = [to.lastVerifiedAt, to.lastBackupAt, to.lastBackupStatus, to.lastBackupFiles, to.rpoSeconds];
  const ofSizes = [to.lastBackupUnreadable, to.lastBackupBytes, to.lastBackupAdded];
  for (const gauge of [...measured, ...ofBackups, ...ofSizes]) gauge.reset();
}

function secondsOf(moment: string | undefined): number {
  return moment === undefined ? 0 : Date.parse(moment) / 1000;
}

function secondsSince(moment: string, now: Date): number {
  return Math.max(0, (now.getTime() - Date.parse(moment)) / 1000);
}
