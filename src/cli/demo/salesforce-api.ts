/** Salesforce's REST API as any other program would read it, in plain HTTP: nothing here is shared with clerkforce's own client. */

export type SalesforceRecord = { readonly Id: string; readonly [field: string]: unknown }

export type SalesforceApi = {
  /** All pages of a SOQL query. */
  query: (soql: string) => Promise<SalesforceRecord[]>
}

type Page = { records: SalesforceRecord[]; done: boolean; nextRecordsUrl?: string }

const readJson = async <T>(response: Response, what: string): Promise<T> => {
  const text = await response.text()
  if (!response.ok) throw new Error(`Salesforce answered ${response.status} to ${what}: ${text}`)
  return JSON.parse(text) as T
}

/** Logs in with client credentials. */
export const logIn = async (url: string, clientId: string, clientSecret: string): Promise<SalesforceApi> => {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  const answer = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body: form })
  const { access_token: token, instance_url: instance } = await readJson<{
    access_token: string
    instance_url: string
  }>(answer, 'the login')
  return {
    query: async (soql) => {
      const all: SalesforceRecord[] = []
      for (
        let path: string | undefined = `/services/data/v66.0/query?q=${encodeURIComponent(soql)}`;
        path !== undefined;
      ) {
        const response: Response = await fetch(instance + path, { headers: { authorization: `Bearer ${token}` } })
        const page: Page = await readJson(response, soql)
        all.push(...page.records)
        path = page.done ? undefined : page.nextRecordsUrl
      }
      return all
    },
  }
}
