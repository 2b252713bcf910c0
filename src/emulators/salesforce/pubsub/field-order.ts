/**
 * The standard fields of change events in the order of real schemas.
 *
 * Bitmaps in the header of an event name fields by their position, so the order is part of the format. For Contact and
 * Account it is that of two published `GetSchema` results, for custom objects of a third (Valeriyyy/SalesforceGRPC on
 * GitHub, a Developer Edition with Person Accounts). No schema of AccountContactRelation could be found: its order is
 * that of the object's own fields. A standard field that is not listed is in no event: `Id` is in the header, and
 * SystemModstamp, IsDeleted and MasterRecordId are left out.
 */

/** Fields that are made of several fields of the object. */
export type Compound = {
  record: 'PersonName' | 'Switchable_PersonName' | 'Address'
  /** Names inside the event, and the field of the object that each comes from. */
  parts: readonly { name: string; source: string; avro: 'string' | 'double'; always: boolean }[]
}

const contact = `AccountId IsPersonAccount Name RecordTypeId OtherAddress MailingAddress Phone Fax MobilePhone HomePhone
  OtherPhone AssistantPhone ReportsToId Email Title Department AssistantName LeadSource Birthdate Description OwnerId
  HasOptedOutOfEmail HasOptedOutOfFax DoNotCall CreatedDate CreatedById LastModifiedDate LastModifiedById LastCURequestDate
  LastCUUpdateDate EmailBouncedReason EmailBouncedDate Jigsaw JigsawContactId CleanStatus IndividualId Pronouns
  GenderIdentity ContactSource BuyerAttributes`

const account = `Name Type RecordTypeId ParentId BillingAddress ShippingAddress Phone Fax AccountNumber Website Sic Industry
  AnnualRevenue NumberOfEmployees Ownership TickerSymbol Description Rating Site OwnerId CreatedDate CreatedById
  LastModifiedDate LastModifiedById PersonContactId PersonMailingAddress PersonOtherAddress PersonMobilePhone
  PersonHomePhone PersonOtherPhone PersonAssistantPhone PersonEmail PersonTitle PersonDepartment PersonAssistantName
  PersonLeadSource PersonBirthdate PersonHasOptedOutOfEmail PersonHasOptedOutOfFax PersonDoNotCall PersonLastCURequestDate
  PersonLastCUUpdateDate PersonEmailBouncedReason PersonEmailBouncedDate PersonIndividualId PersonPronouns
  PersonGenderIdentity Jigsaw JigsawCompanyId CleanStatus AccountSource DunsNumber Tradestyle NaicsCode NaicsDesc YearStarted
  SicDesc DandbCompanyId OperatingHoursId`

const relation = `AccountId ContactId Roles IsDirect IsActive StartDate EndDate CreatedDate CreatedById LastModifiedDate
  LastModifiedById`

const orders: Readonly<Record<string, readonly string[]>> = {
  Contact: contact.split(/\s+/),
  Account: account.split(/\s+/),
  AccountContactRelation: relation.split(/\s+/),
}
const customObject = ['OwnerId', 'Name', 'CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById']

/** The standard fields of an object's events; undefined for objects that have none, such as RecordType. */
export const fieldOrder = (object: string): readonly string[] | undefined =>
  orders[object] ?? (object.endsWith('__c') ? customObject : undefined)

const nameParts = ['Salutation', 'FirstName', 'LastName', 'MiddleName', 'InformalName', 'Suffix']

// The last three, and the codes of state and country, come with features of an org; the coordinates are in every schema
// that was seen.
const addressParts: readonly [name: string, avro: 'string' | 'double', always: boolean][] = [
  ['Street', 'string', true],
  ['City', 'string', true],
  ['State', 'string', true],
  ['PostalCode', 'string', true],
  ['Country', 'string', true],
  ['StateCode', 'string', false],
  ['CountryCode', 'string', false],
  ['Latitude', 'double', true],
  ['Longitude', 'double', true],
  ['GeocodeAccuracy', 'string', true],
]

/** How a field of an event is put together, when it is. */
export const compoundOf = (object: string, field: string): Compound | undefined => {
  if (field.endsWith('Address') && !field.endsWith('__c')) {
    const prefix = field.slice(0, -'Address'.length)
    const parts = addressParts.map(([name, avro, always]) => ({ name, source: `${prefix}${name}`, avro, always }))
    return { record: 'Address', parts }
  }
  if (field !== 'Name' || (object !== 'Contact' && object !== 'Account')) return undefined
  return {
    record: object === 'Contact' ? 'PersonName' : 'Switchable_PersonName',
    parts: nameParts.map((name, i) => ({ name, source: name, avro: 'string', always: i < 3 })),
  }
}
