import type { Child, FC } from 'hono/jsx';
import type { BackupsQuery } from './backups.tsx';

const STATES = ['completed', 'incomplete', 'deleting', 'deleted'];

interface FilterProps {
  readonly query: BackupsQuery;
  readonly workspaces: readonly string[];
}

/** An ordinary form: what is looked for stands in the address, so that it can be kept and passed on. */
export const BackupFilterForm: FC<FilterProps> = ({ query, workspaces }) => (
  <form class="row" method="get" action="/backups" aria-label="Filter">
    <Choice label="Workspace" name="workspace" chosen={query.workspace} options={workspaces} />
    <Choice label="State" name="state" chosen={query.state} options={STATES} any="all but deleted" />
    <Choice label="Began by" name="trigger" chosen={query.trigger} options={['person', 'schedule', 'vendor']} />
    <Field label="Who">
      <input name="by" value={query.by} size={12} />
    </Field>
    <Field label="From day (UTC)">
      <input type="date" name="from" value={query.from} />
    </Field>
    <Field label="To day (UTC)">
      <input type="date" name="to" value={query.to} />
    </Field>
    <Field label="Name, id, reason">
      <input type="search" name="text" value={query.text} maxlength={200} />
    </Field>
    {query.order === 'takenAt' ? null : <input type="hidden" name="order" value={query.order} />}
    {query.direction === 'down' ? null : <input type="hidden" name="direction" value={query.direction} />}
    <button type="submit">Show</button>
    <a href="/backups">Show all</a>
  </form>
);

const Field: FC<{ label: string; children?: Child }> = ({ label, children }) => (
  // biome-ignore lint/a11y/noLabelWithoutControl: the control is handed in
  <label>
    {label}
    {children}
  </label>
);

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly chosen: string | undefined;
  readonly options: readonly string[];
  readonly any?: string;
}

const Choice: FC<ChoiceProps> = ({ label, name, chosen, options, any = 'any' }) => (
  <label>
    {label}
    <select name={name}>
      <option value="">{any}</option>
      {options.map((option) => (
        <option value={option} selected={option === chosen}>
          {option}
        </option>
      ))}
    </select>
  </label>
);
