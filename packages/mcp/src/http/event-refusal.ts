/** How what is asked of events is refused. */

/** Codes that Events adds. */
export const EVENT_ERROR = {
  ...{ notFound: -32_023, forbidden: -32_024, exhausted: -32_025, unsupported: -32_026, callback: -32_027 },
} as const;

/** A refusal, with what there is to know beside its sentence. */
export class EventRefusal extends Error {
  readonly code: number;
  readonly data: object | undefined;

  constructor(code: number, message: string, data?: object) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
