import type { Context } from 'hono'
import { ApiError, notFound } from './errors.ts'
import type { Instance } from './instance.ts'

const largest = 10 * 1024 * 1024
const kinds = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']

export type Upload = { imageId: string; uploaderUserId: string | undefined }

/**
 * The picture in a multipart request. Its bytes are not kept: the record gets an address of its own, as a real picture would.
 * @throws ApiError 415 for another content type, 400 without a picture, 413 for a large one
 */
export const readPicture = async (instance: Instance, c: Context): Promise<Upload> => {
  const type = c.req.header('content-type') ?? ''
  if (!/^multipart\/form-data\b/i.test(type))
    throw new ApiError(415, 'unsupported_content_type', 'Content-Type is unsupported', {
      longMessage: `Content-Type ${type || '(none)'} is unsupported. You should use multipart/form-data instead.`,
    })
  const form = await c.req.formData().catch(() => {
    throw new ApiError(400, 'request_body_invalid', 'Request body invalid', {
      longMessage: 'The request body is invalid. Please consult the API documentation for more information.',
    })
  })
  const file = form.get('file')
  if (!(file instanceof Blob) || file.size === 0)
    throw new ApiError(400, 'form_param_missing', 'Image file missing', {
      longMessage: 'There was no image file present in the request',
    })
  if (!kinds.includes(file.type))
    throw new ApiError(400, 'image_type_not_supported', 'Image type is not supported', {
      longMessage: `Only the following file content types are supported: ${kinds.join(', ')}.`,
    })
  if (file.size > largest)
    throw new ApiError(413, 'request_body_too_large', 'Request body too large', {
      longMessage: 'The file size cannot exceed 10MB.',
    })
  const uploader = form.get('uploader_user_id')
  const uploaderUserId = typeof uploader === 'string' && uploader !== '' ? uploader : undefined
  if (uploaderUserId !== undefined && !instance.store.users.get(uploaderUserId))
    throw notFound(`No user was found with id ${uploaderUserId}`, 'uploader_user_id')
  return { imageId: instance.newId('img'), uploaderUserId }
}
