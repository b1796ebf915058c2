import { type FaultRow, type FaultScene, striking } from './fault-row.ts';

const always = Number.POSITIVE_INFINITY;
const QUICK = { patienceMs: 500 };

/** Nothing that we send is heard any more; the guard is. */
function goDeaf({ lab: { faults } }: FaultScene) {
  const when = ({ caller }: { caller: string }) => caller.startsWith('life-');
  const fault = faults.add({ when }, { kind: 'drop' }, always);
  faults.dropWatches({ when });
  return fault;
}

function away(scene: FaultScene, at: FaultScene['inCut'], ms: number) {
  const gone: { hits(): number; end(): void }[] = [];
  at(() => {
    const fault = goDeaf(scene);
    gone.push(fault);
    setTimeout(() => fault.end(), ms);
  });
  return () => striking(gone)();
}

export const absenceRows: readonly FaultRow[] = [
  {
    fault: 'the API server is away for us',
    story: 'backup',
    injected: 'for 2 s, from the moment of the cut; patience is 0.5 s',
    expected: 'gives the cut up, and starts services when it is back',
    timing: QUICK,
    ends: { status: 'failed', code: 'platform-unavailable', services: 'down and up again' },
    inject: (scene) => away(scene, scene.inCut, 2_000),
  },
  {
    fault: 'the API server is away for us',
    story: 'restore',
    injected: 'for 2 s, once a live claim is gone; patience is 0.5 s',
    expected: 'puts the old data back when it is back, and starts services',
    timing: QUICK,
    ends: { status: 'failed', services: 'down and up again' },
    inject: (scene) => away(scene, scene.inSwap, 2_000),
  },
  {
    fault: 'the API server is away for us, the guard hears it',
    story: 'backup',
    injected: 'from the cut until services are up',
    expected: 'has services started by the guard',
    timing: QUICK,
    ends: { status: 'failed', services: 'down and up again' },
    inject: (scene) => away(scene, scene.inCut, 60_000),
    async meanwhile(scene, struck) {
      await scene.until('we are not heard', () => struck() > 0);
      scene.world.guards.passUntilDue();
      await scene.layout.allUp(30_000);
      scene.lab.faults.clear();
    },
  },
];
