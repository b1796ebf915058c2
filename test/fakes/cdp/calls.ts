/** One call that reached the control plane, whatever became of it. */
export interface Call {
  readonly number: number;
  readonly operation: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly at: Date;
  /** Access key id or token; undefined when it was not even known who calls. */
  key: string | undefined;
  authMethod: string | undefined;
  /** Its work was done, or begun; true also when the answer was lost. */
  accepted: boolean;
  /** What was sent back: a status, or what happened instead. */
  answered: number | 'dropped' | 'silent' | undefined;
  code: string | undefined;
}

export interface Calls {
  readonly all: readonly Call[];
  of(operation: string): Call[];
  /** Those whose work was begun. */
  accepted(operation: string): Call[];
}

export interface CallLog extends Calls {
  begin(operation: string, request: Readonly<Record<string, unknown>>, requestId: string, at: Date): Call;
}

export function createCalls(): CallLog {
  const all: Call[] = [];
  const of = (operation: string) => all.filter((call) => call.operation === operation);
  return {
    all,
    of,
    accepted: (operation) => of(operation).filter((call) => call.accepted),
    begin(operation, request, requestId, at) {
      const call: Call = {
        ...{ number: all.length + 1, operation, request, requestId, at },
        ...{ key: undefined, authMethod: undefined, accepted: false, answered: undefined, code: undefined },
      };
      all.push(call);
      return call;
    },
  };
}
