/** An answer that is none: `{ code, message }` with its HTTP status. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

// The words are gRPC's, as public clients of this API know them; their HTTP statuses are those of its usual gateway.
export const notFound = (message: string) => new Refused(404, 'NOT_FOUND', message);
export const invalid = (message: string) => new Refused(400, 'INVALID_ARGUMENT', message);
export const notNow = (message: string) => new Refused(400, 'FAILED_PRECONDITION', message);
export const taken = (message: string) => new Refused(409, 'ALREADY_EXISTS', message);
export const unauthenticated = (message: string) => new Refused(401, 'UNAUTHENTICATED', message);
export const denied = (message: string) => new Refused(403, 'PERMISSION_DENIED', message);
