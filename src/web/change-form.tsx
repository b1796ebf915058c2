import type { Child, FC } from 'hono/jsx';
import type { Scope } from '../records/scope.ts';
import type { Visitor } from './visitor.ts';

interface ChangeFormProps {
  readonly action: string;
  readonly visitor: Visitor;
  readonly label: string;
  readonly look?: 'primary' | 'danger';
  /** What it takes to send it. */
  readonly scope?: Scope;
  readonly children?: Child;
}

/** A form that changes something: it carries the token of the session, and works without any script. */
export const ChangeForm: FC<ChangeFormProps> = ({ action, visitor, label, look, scope = 'write', children }) =>
  visitor.scopes.includes(scope) ? (
    <form class="row" method="post" action={action}>
      <input type="hidden" name="csrf" value={visitor.csrf} />
      {children}
      <button type="submit" class={look}>
        {label}
      </button>
    </form>
  ) : null;

interface TextFieldProps {
  readonly label: string;
  readonly name: string;
  readonly placeholder?: string;
  readonly size?: number;
  readonly required?: boolean;
  readonly maxlength?: number;
}

export const TextField: FC<TextFieldProps> = ({ label, name, maxlength = 300, ...rest }) => (
  <label>
    {label}
    <input name={name} maxlength={maxlength} autocomplete="off" {...rest} />
  </label>
);

export const Tick: FC<{ label: string; name: string; required?: boolean }> = ({ label, name, required = false }) => (
  <label class="tick">
    <input type="checkbox" name={name} value="yes" required={required} />
    {label}
  </label>
);
