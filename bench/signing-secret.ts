/** What the bench signs webhooks with. */
export const signingSecret: string = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`
