/**
 * An answer of the Backend API that is not a success. Codes and wording follow
 * https://clerk.com/docs/guides/development/errors/backend-api (seen November 2026); FIDELITY.md names those that it lacks.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly longMessage: string
  readonly meta: Readonly<Record<string, unknown>> | undefined
  readonly retryAfter: number | undefined

  constructor(
    status: number,
    code: string,
    message: string,
    options: { longMessage?: string; meta?: Record<string, unknown>; retryAfter?: number } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.longMessage = options.longMessage ?? message
    this.meta = options.meta
    this.retryAfter = options.retryAfter
  }
}

/** The error as Clerk puts it on the wire. */
export const errorBody = (error: ApiError, traceId: string): Record<string, unknown> => ({
  errors: [
    {
      code: error.code,
      message: error.message,
      long_message: error.longMessage,
      ...(error.meta && { meta: error.meta }),
    },
  ],
  clerk_trace_id: traceId,
})

/** 404 for a record; `paramName` where the missing thing was named by a parameter rather than by the path. */
export const notFound = (longMessage: string, paramName?: string): ApiError =>
  new ApiError(404, 'resource_not_found', 'not found', {
    longMessage,
    ...(paramName !== undefined && { meta: { param_name: paramName } }),
  })

/** 422 about one parameter. */
export const formError = (code: string, param: string, message: string, longMessage: string): ApiError =>
  new ApiError(422, code, message, { longMessage, meta: { param_name: param } })

export const identifierTaken = (param: string): ApiError =>
  formError(
    'form_identifier_exists',
    param,
    'is taken',
    `That ${param.replaceAll('_', ' ')} is taken. Please try another.`,
  )

/** 422 for a key or a name that another record has. */
export const taken = (param: string): ApiError =>
  formError('form_already_exists', param, 'already exists', `That ${param} is taken. Please try another.`)

/** 422 for an address or a number that has to be verified first. */
export const unverified = (param: string): ApiError =>
  formError(
    'form_verification_needed',
    param,
    'is unverified',
    'This identification needs to be verified before you can perform this action.',
  )

export const invalidValue = (param: string, longMessage = `${param} is invalid`): ApiError =>
  formError('form_param_value_invalid', param, 'is invalid', longMessage)
