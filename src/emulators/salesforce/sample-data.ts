/**
 * A small company's data, as a new Developer Edition org has some: companies with and without subsidiaries, people at one
 * company, at several, and at none, people without an e-mail address, two of one name. The same in every org.
 */
import type { Org } from './org.ts'
import { type SeededIds, seedOrg } from './seed.ts'

type Company = readonly [name: string, industry: string, city: string, country: string, employees: number]

const companies: readonly Company[] = [
  ['Larkspur Ceramics', 'Other', 'Ghent', 'Belgium', 140],
  ['Tidewater Robotics', 'Technology', 'Rotterdam', 'Netherlands', 820],
  ['Halden & Moor Consulting', 'Consulting', 'Bergen', 'Norway', 65],
  ['Sierra Baja Hospital Group', 'Healthcare', 'Granada', 'Spain', 5400],
  ['Quillfeather Academy', 'Education', 'Cork', 'Ireland', 310],
  ['Banco del Estuario', 'Banking', 'Montevideo', 'Uruguay', 2100],
  ['Nordlicht Optik GmbH', 'Technology', 'Jena', 'Germany', 470],
  ['Ottery Valley Orchards', 'Other', 'Exeter', 'United Kingdom', 38],
  ['Pinecone Software', 'Technology', 'Tampere', 'Finland', 95],
  ['Pinecone Software (Test)', 'Technology', 'Tampere', 'Finland', 1],
  ['Kestrel Freight', 'Other', 'Gdansk', 'Poland', 760],
  ['Maison Verrier', 'Other', 'Lyon', 'France', 52],
]

type Someone = readonly [
  first: string | null,
  last: string,
  title: string,
  company: number | null,
  email: string | null,
]

const people: readonly Someone[] = [
  ['Odile', 'Maes', 'Managing Director', 0, 'odile.maes@larkspur.example'],
  ['Bram', 'Claes', 'Kiln Engineer', 0, 'bram.claes@larkspur.example'],
  ['Femke', 'de Wit', 'Chief Technology Officer', 1, 'femke@tidewater.example'],
  ['Joris', 'Bakker', 'VP Sales', 1, 'joris@tidewater.example'],
  ['Sanne', 'Bakker', 'Buyer', 1, null],
  ['Ingrid', 'Halden', 'Partner', 2, 'Ingrid.Halden@haldenmoor.example'],
  ['Tor', 'Moor', 'Partner', 2, 'tor.moor@haldenmoor.example'],
  ['Lucía', 'Ferrer Ruiz', 'Head of Procurement', 3, 'lferrer@sierrabaja.example'],
  ['Álvaro', 'Núñez', 'Doctor', 3, 'anunez@sierrabaja.example'],
  ['Siobhán', "O'Dea", 'Principal', 4, 'principal@quillfeather.example'],
  ['Martín', 'Etcheverry', 'Treasurer', 5, 'metcheverry@estuario.example'],
  ['Anke', 'Lorenz', 'Leiterin Einkauf', 6, 'a.lorenz@nordlicht.example'],
  ['Jürgen', 'Groß', 'Geschäftsführer', 6, 'j.gross@nordlicht.example'],
  ['Hattie', 'Penhale', 'Owner', 7, 'hattie@otteryvalley.example'],
  ['Aino', 'Virtanen', 'Founder', 8, 'aino@pinecone.example'],
  ['Aino', 'Virtanen', 'Test Account', 9, 'aino+test@pinecone.example'],
  ['Zofia', 'Wrona', 'Dispatcher', 10, 'z.wrona@kestrel.example'],
  [null, 'Verrier', 'Propriétaire', 11, 'contact@verrier.example'],
  ['Priya', 'Raman', 'Freelance Consultant', null, 'priya.raman@mail.example'],
  ['Sam', 'Achterberg', 'Journalist', null, null],
]

/** Who also works with another company: a person and a company by position, and in which roles. */
const relations: readonly (readonly [person: number, company: number, roles: string])[] = [
  [5, 1, 'Evaluator'],
  [6, 3, 'Decision Maker;Evaluator'],
  [14, 9, 'Executive Sponsor'],
  [3, 10, 'Business User'],
]

/** Puts the sample records into an org. */
export const seedSampleData = (org: Org): SeededIds => {
  const seeded = seedOrg(org, {
    Account: companies.map(([Name, Industry, BillingCity, BillingCountry, NumberOfEmployees], i) => ({
      Name,
      Industry,
      BillingCity,
      BillingCountry,
      NumberOfEmployees,
      Type: i % 3 === 0 ? 'Customer - Direct' : 'Prospect',
      AccountNumber: `C${1_001 + i}`,
    })),
    Contact: people.map(([FirstName, LastName, Title, company, Email], i) => ({
      FirstName,
      LastName,
      Title,
      Email,
      ...(company === null ? {} : { AccountId: `#${company}` }),
      ...(i % 4 === 0 ? { Phone: `+00 555 01${String(i).padStart(2, '0')}` } : {}),
    })),
    ...(org.schema.find('AccountContactRelation')
      ? {
          AccountContactRelation: relations.map(([person, company, Roles]) => ({
            ContactId: `#${person}`,
            AccountId: `#${company}`,
            Roles,
          })),
        }
      : {}),
  })
  // The test company belongs to the real one.
  const [parent, child] = [seeded.Account[8], seeded.Account[9]]
  const row = org.store.get('Account', child ?? '')
  if (row && parent) org.store.put('Account', { ...row, ParentId: parent })
  return seeded
}
