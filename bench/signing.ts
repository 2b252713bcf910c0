/** How the bench signs webhooks: as Svix does for Clerk. */
import { createHmac } from 'node:crypto'

export const signingSecret: string = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`
const key = Buffer.from(signingSecret.slice('whsec_'.length), 'base64')

/** The three headers of a delivery. */
export const signatureHeaders = (id: string, body: string): { [name: string]: string } => {
  const seconds = Math.floor(Date.now() / 1_000)
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'svix-id': id, 'svix-timestamp': String(seconds), 'svix-signature': `v1,${signature}` }
}
