/* Bodies as Clerk's Backend API and webhooks have them, shortened to what matters here. */

type Body = Record<string, unknown>

export function userBody(fields: Body = {}): Body {
  return {
    object: 'user',
    id: 'user_1',
    external_id: null,
    username: null,
    first_name: 'Jane',
    last_name: 'Doe',
    image_url: 'https://img.clerk.com/x',
    has_image: true,
    primary_email_address_id: 'idn_1',
    primary_phone_number_id: null,
    email_addresses: [
      {
        object: 'email_address',
        id: 'idn_1',
        email_address: 'jane@example.com',
        verification: { status: 'verified', strategy: 'email_code' },
        linked_to: [],
        reserved: false,
      },
    ],
    phone_numbers: [],
    public_metadata: {},
    private_metadata: {},
    unsafe_metadata: {},
    banned: false,
    locked: false,
    last_sign_in_at: 1_716_883_200_000,
    created_at: 1_716_883_200_000,
    updated_at: 1_716_883_200_000,
    ...fields,
  }
}

export function organizationBody(fields: Body = {}): Body {
  return {
    object: 'organization',
    id: 'org_1',
    name: 'Acme',
    slug: 'acme',
    has_image: false,
    max_allowed_memberships: 5,
    admin_delete_enabled: true,
    public_metadata: {},
    private_metadata: {},
    created_at: 1_716_883_200_000,
    updated_at: 1_716_883_200_000,
    ...fields,
  }
}

export function membershipBody(fields: Body = {}): Body {
  return {
    object: 'organization_membership',
    id: 'orgmem_1',
    role: 'org:member',
    role_name: 'Member',
    permissions: [],
    public_metadata: {},
    private_metadata: {},
    organization: organizationBody(),
    public_user_data: {
      user_id: 'user_1',
      first_name: 'Jane',
      last_name: 'Doe',
      identifier: 'jane@example.com',
      has_image: false,
    },
    created_at: 1_716_883_200_000,
    updated_at: 1_716_883_200_000,
    ...fields,
  }
}

export function invitationBody(fields: Body = {}): Body {
  return {
    object: 'organization_invitation',
    id: 'orginv_1',
    email_address: 'jane@example.com',
    role: 'org:member',
    role_name: 'Member',
    organization_id: 'org_1',
    inviter_id: null,
    public_inviter_data: null,
    status: 'pending',
    public_metadata: {},
    private_metadata: {},
    url: 'https://accounts.acme.example/accept-invitation?token=abc123',
    expires_at: 1_717_487_999_000,
    created_at: 1_716_883_200_000,
    updated_at: 1_716_883_200_000,
    ...fields,
  }
}
