/** Something that an operation made and did not take away. */
export interface Stray {
  readonly operationId: string;
  /** What it is and how it is called, such as `Job cml-run-1`. */
  readonly what: string;
  readonly madeAt: string;
}
