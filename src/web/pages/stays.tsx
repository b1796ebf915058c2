import type { FC } from 'hono/jsx';
import type { Expiry } from '../../orchestrator/expiry.ts';
import { State } from '../show.tsx';

interface StaysProps {
  readonly expiry: Expiry;
  readonly workspace: string;
  /** With the reasons: where there is room. */
  readonly inWords?: boolean;
}

/** How long a backup stays. */
export const Stays: FC<StaysProps> = ({ expiry: { is, because }, workspace, inWords = false }) => {
  const why = inWords && because.length > 0 ? `: ${because.join(', ')}` : '';
  switch (is) {
    case 'over':
      return null;
    case 'goes':
      return <State tone="warning">goes with the next retention{why}</State>;
    case 'without-rules':
      return <span>{inWords ? 'for ever: its workspace has no rules of retention' : 'never: no rules'}</span>;
    case 'by-rules':
      return <a href={`/workspaces/${workspace}/retention`}>by the rules</a>;
    case 'kept':
      return (
        <span>
          {because.some((reason) => reason.startsWith('pinned')) ? 'pinned' : 'kept by the rules now'}
          {why}
        </span>
      );
  }
};
